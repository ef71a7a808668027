import { RuntimeError } from "@agentscope-runtime/protocol";
import { fromModelError } from "./from-model-error.ts";
import type { ModelFailure } from "./model-failure.ts";

const failure = (fields: object, message = "key sk-123 at http://10.0.0.1"): Error =>
  Object.assign(new Error(message), fields);

describe("fromModelError", () => {
  it.each<[string, object, string]>([
    ["a refused key", { status: 401 }, "unavailable"],
    ["an unknown model", { statusCode: 404 }, "unavailable"],
    ["an internal error of the provider", { status: 500 }, "unavailable"],
    ["a gateway that waited in vain", { status: 504 }, "deadline_exceeded"],
    ["a rate limit", { status: 429 }, "resource_exhausted"],
    ["a quota, whatever its status", { status: 403, code: "insufficient_quota" }, "resource_exhausted"],
    ["a status in the field of Python's clients", { status_code: 429 }, "resource_exhausted"],
    ["messages that are too long", { status: 400, code: "context_length_exceeded" }, "invalid_argument"],
    ["content that is refused", { status: 400, code: "content_policy_violation" }, "invalid_argument"],
    ["a bad request of ours", { status: 400 }, "internal"],
    ["an error in the middle of a stream", { type: "server_error" }, "unavailable"],
    ["a limit in the middle of a stream", { code: "rate_limit_exceeded" }, "resource_exhausted"],
    ["an image that the model cannot read", { code: "invalid_image_format" }, "invalid_argument"],
    ["a policy in the middle of a stream", { code: "bio_policy" }, "invalid_argument"],
    ["a connection that is refused", { cause: failure({ code: "ECONNREFUSED" }) }, "unavailable"],
    ["a connection that times out", { cause: failure({ code: "UND_ERR_HEADERS_TIMEOUT" }) }, "deadline_exceeded"],
    [
      "the last of several tries",
      { lastError: failure({ status: 429 }), cause: failure({ status: 500 }) },
      "resource_exhausted",
    ],
    ["a quota that stands in the answer", { statusCode: 400, responseBody: "credit balance" }, "resource_exhausted"],
    [
      "a code in the answer",
      { statusCode: 400, data: { error: { code: "context_length_exceeded" } } },
      "invalid_argument",
    ],
    ["an abort", { name: "AbortError" }, "canceled"],
    ["a timeout", { name: "TimeoutError" }, "deadline_exceeded"],
    ["what nobody knows", {}, "internal"],
  ])("tells %s by its code, and none of its words", (_, fields, code) => {
    const error = fromModelError(failure(fields));
    expect(error.code).toBe(code);
    expect(JSON.stringify(error)).not.toMatch(/sk-123|10\.0\.0\.1/);
    expect(error.cause).toBeDefined();
  });

  it("knows the errors of OpenAI's client, which have a name only by their class", () => {
    class APIUserAbortError extends Error {}
    class APIConnectionTimeoutError extends Error {}
    class APIConnectionError extends Error {}
    expect(fromModelError(new APIUserAbortError()).code).toBe("canceled");
    expect(fromModelError(new APIConnectionTimeoutError()).code).toBe("deadline_exceeded");
    expect(fromModelError(new APIConnectionError()).code).toBe("unavailable");
  });

  it("asks a framework about its own errors first, and about what they wrap", () => {
    const own = (error: object): ModelFailure | undefined =>
      "own" in error ? { code: "not_found", message: "There is no such file." } : undefined;
    expect(fromModelError(failure({ own: true, status: 401 }), own)).toMatchObject({
      code: "not_found",
      message: "There is no such file.",
    });
    expect(fromModelError(failure({ cause: failure({ own: true }) }), own).code).toBe("not_found");
    expect(fromModelError(failure({ status: 401 }), own).code).toBe("unavailable");
  });

  it("passes a RuntimeError as it is, also one that is a cause, and takes what is no error", () => {
    const known = new RuntimeError("not_found", "There is no such thing.");
    expect(fromModelError(known)).toBe(known);
    expect(fromModelError(failure({ cause: known }))).toBe(known);
    for (const thrown of [undefined, null, "words", 7]) expect(fromModelError(thrown).code).toBe("internal");
    const cycle = failure({});
    Object.assign(cycle, { cause: cycle });
    expect(fromModelError(cycle).code).toBe("internal");
  });
});
