import { setTimeout as delay } from "node:timers/promises";
import { errorCodeSchema } from "./error-code.ts";
import { RuntimeError } from "./runtime-error.ts";
import type * as sameModule from "./runtime-error.ts";

describe("RuntimeError", () => {
  it("is JSON of a code, a message and details, and of nothing else", () => {
    const error = new RuntimeError("conflict", "The session is busy.", {
      details: { sessionId: "s1" },
      cause: new Error("password=hunter2"),
    });
    const info = { code: "conflict", message: "The session is busy.", details: { sessionId: "s1" } };
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({ error: info });
  });

  it("is an error like any other, with the cause it was given", () => {
    const cause = new TypeError("boom");
    const error = new RuntimeError("internal", "No.", { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "RuntimeError", message: "No.", code: "internal", details: {}, cause });
    expect(error.stack).toContain("runtime-error.test.ts");
    expect("cause" in new RuntimeError("internal", "No.")).toBe(false);
  });

  it("is known as one across two copies of the package", async () => {
    const path = "./runtime-error.ts?another-copy";
    // The compiler cannot know that this is the same module once more.
    const { RuntimeError: Copy } = (await import(path)) as typeof sameModule;
    const error = new Copy("not_found", "Gone.");
    expect(Copy).not.toBe(RuntimeError);
    expect(error).not.toBeInstanceOf(RuntimeError);
    expect(RuntimeError.is(error)).toBe(true);
    expect(RuntimeError.from(error)).toBe(error);
    expect(Copy.is(new RuntimeError("not_found", "Gone."))).toBe(true);
  });

  it.each([
    undefined,
    null,
    "RuntimeError",
    404,
    new Error("boom"),
    { name: "RuntimeError", code: "not_found", message: "Gone.", details: {} },
  ])("is not what merely looks like one: %p", (value) => {
    expect(RuntimeError.is(value)).toBe(false);
  });
});

describe("RuntimeError.from", () => {
  it("calls an abort canceled, whoever reports it", async () => {
    const signal = AbortSignal.abort();
    const reported = await delay(1000, undefined, { signal }).catch((error: unknown) => error);
    for (const cause of [signal.reason, reported]) {
      expect(RuntimeError.from(cause)).toMatchObject({ code: "canceled", cause });
    }
  });

  it("calls a signal's timeout deadline_exceeded", async () => {
    const signal = AbortSignal.timeout(1);
    // A signal's own timer would not keep the process alive for as long as it takes.
    await delay(10_000, undefined, { signal }).catch(() => "aborted");
    expect(RuntimeError.from(signal.reason)).toMatchObject({ code: "deadline_exceeded", cause: signal.reason });
  });

  it.each([
    ["an error", new Error("password=hunter2")],
    [
      "an error of a library",
      Object.assign(new Error("password=hunter2"), { code: "ECONNREFUSED", details: "hunter2" }),
    ],
    ["a string", "password=hunter2"],
    ["an object", { message: "password=hunter2", code: "not_found" }],
    ["undefined", undefined],
  ])("tells a caller nothing about %s, and keeps it as the cause", (_, thrown) => {
    const error = RuntimeError.from(thrown);
    expect(error.toJSON()).toEqual({ code: "internal", message: "Internal error.", details: {} });
    expect(error.cause).toBe(thrown);
  });

  it("leaves a RuntimeError as it is", () => {
    const error = new RuntimeError("unavailable", "Try again.");
    expect(RuntimeError.from(error)).toBe(error);
  });
});

describe("RuntimeError.fromInfo", () => {
  it.each(errorCodeSchema.options)("brings %s back from the wire", (code) => {
    const error = new RuntimeError(code, "Because.", { details: { limit: 3 } });
    expect(RuntimeError.fromInfo(error.toJSON()).toJSON()).toEqual(error.toJSON());
  });

  it("keeps a code that is not ours in the details", () => {
    const info = { code: "MODEL_TIMEOUT", message: "Too slow.", details: { model: "m" } };
    expect(RuntimeError.fromInfo(info).toJSON()).toEqual({
      code: "internal",
      message: "Too slow.",
      details: { model: "m", code: "MODEL_TIMEOUT" },
    });
  });

  it("needs no details", () => {
    expect(RuntimeError.fromInfo({ code: "not_found", message: "Gone." }).details).toEqual({});
  });
});
