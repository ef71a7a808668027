import { RuntimeError } from "@agentscope-runtime/protocol";
import {
  APICallError,
  DownloadError,
  InvalidPromptError,
  JSONParseError,
  LoadAPIKeyError,
  NoOutputGeneratedError,
  NoSuchModelError,
  RetryError,
  UnsupportedFunctionalityError,
} from "ai";
import { fromAiSdkError } from "./from-ai-sdk-error.ts";

const secret = "sk-live-123";

function answered(statusCode: number, message = "No.", data?: unknown): APICallError {
  return new APICallError({
    message: `${message} ${secret}`,
    url: `https://api.example.com/?key=${secret}`,
    requestBodyValues: { prompt: secret },
    responseBody: `{"error":"${message} ${secret}"}`,
    statusCode,
    data,
  });
}

function withCode(code: string): Error {
  return Object.assign(new TypeError("fetch failed"), { code });
}

it.each([
  ["a key that is refused", answered(401), "unavailable"],
  ["a key that may not", answered(403), "unavailable"],
  ["a model that is not there", answered(404), "unavailable"],
  ["a bill that is not paid", answered(402), "resource_exhausted"],
  ["too many requests", answered(429), "resource_exhausted"],
  ["credit that is used up", answered(400, "Your credit balance is too low."), "resource_exhausted"],
  ["a slow provider", answered(504), "deadline_exceeded"],
  ["a request that timed out", answered(408), "deadline_exceeded"],
  ["a provider that is down", answered(503), "unavailable"],
  ["an overloaded provider", answered(529), "unavailable"],
  ["a broken provider", answered(500), "unavailable"],
  [
    "a prompt that is too long",
    answered(400, "prompt is too long: 210000 tokens > 200000 maximum"),
    "invalid_argument",
  ],
  [
    "a prompt that is too long, by its code",
    answered(400, "No.", { error: { code: "context_length_exceeded" } }),
    "invalid_argument",
  ],
  ["a body that is too large", answered(413), "invalid_argument"],
  [
    "words that the provider refuses",
    answered(400, "No.", { error: { code: "content_policy_violation" } }),
    "invalid_argument",
  ],
  ["a request that we got wrong", answered(400, "Unknown parameter."), "internal"],
  [
    "a provider that cannot be reached",
    new APICallError({ message: "Cannot connect", url: "x", requestBodyValues: {}, isRetryable: true }),
    "unavailable",
  ],
  ["a refused connection", withCode("ECONNREFUSED"), "unavailable"],
  ["a connection that is slow to open", withCode("UND_ERR_CONNECT_TIMEOUT"), "deadline_exceeded"],
  ["a connection that broke", new TypeError("terminated", { cause: withCode("UND_ERR_SOCKET") }), "unavailable"],
  [
    "the last of several tries",
    new RetryError({ message: "3 tries", reason: "maxRetriesExceeded", errors: [answered(500), answered(429)] }),
    "resource_exhausted",
  ],
  ["a missing key", new LoadAPIKeyError({ message: "OPENAI_API_KEY is missing" }), "unavailable"],
  ["an unknown model", new NoSuchModelError({ modelId: "gpt-0", modelType: "languageModel" }), "unavailable"],
  ["an answer without words", new NoOutputGeneratedError({ message: "nothing" }), "unavailable"],
  ["an answer that is garbage", new JSONParseError({ text: secret, cause: new Error(secret) }), "unavailable"],
  ["a file that is gone", new DownloadError({ url: "https://example.com", statusCode: 404 }), "invalid_argument"],
  ["messages that do not fit", new InvalidPromptError({ prompt: secret, message: "system" }), "invalid_argument"],
  ["an overload in the middle", { type: "error", error: { type: "overloaded_error", message: secret } }, "unavailable"],
  ["a limit in the middle", { code: "rate_limit_exceeded", message: secret }, "resource_exhausted"],
  ["a long prompt in the middle", { code: "context_length_exceeded", message: secret }, "invalid_argument"],
  ["a failure in the middle", { type: "server_error", message: secret }, "unavailable"],
  ["a timeout", new DOMException("too late", "TimeoutError"), "deadline_exceeded"],
  ["an abort", new DOMException("stopped", "AbortError"), "canceled"],
  ["an abort between two tries", new Error("retry", { cause: new DOMException("stopped", "AbortError") }), "canceled"],
  ["a bug", new Error(secret), "internal"],
  ["a text", secret, "internal"],
  ["nothing", undefined, "internal"],
])("has a code for %s, and keeps the words to itself", (_, thrown, code) => {
  const error = fromAiSdkError(thrown);
  expect(error).toMatchObject({ code });
  expect(JSON.stringify(error)).not.toContain(secret);
});

it("keeps what was thrown as the cause", () => {
  const thrown = new RetryError({ message: "1 try", reason: "errorNotRetryable", errors: [answered(401)] });
  expect(fromAiSdkError(thrown).cause).toBe(thrown);
});

it("passes errors of ours on, also from inside of a retry", () => {
  const mine = new RuntimeError("not_found", "No such customer.");
  expect(fromAiSdkError(mine)).toBe(mine);
  expect(fromAiSdkError(new RetryError({ message: "1 try", reason: "abort", errors: [mine] }))).toBe(mine);
});

it("says what the model does not support", () => {
  const thrown = new UnsupportedFunctionalityError({ functionality: "media type: audio/ogg" });
  expect(fromAiSdkError(thrown)).toMatchObject({
    code: "invalid_argument",
    message: "The model does not support this: media type: audio/ogg.",
  });
});

it("survives errors that lead in a circle", () => {
  const circle = new Error("round");
  circle.cause = new Error("and round", { cause: circle });
  expect(fromAiSdkError(circle)).toMatchObject({ code: "internal" });
});
