import { RuntimeError } from "@agentscope-runtime/protocol";
import { errorResult, runForeignTool, textResult } from "./index.ts";

/** A framework's tool may throw anything. */
const throwing = (thrown: unknown) => async (): Promise<never> => {
  throw thrown;
};

it("answers what the tool answers", async () => {
  expect(await runForeignTool(async () => textResult("3"))).toEqual(textResult("3"));
});

it.each([
  ["an error", new Error("There is no such city."), "There is no such city."],
  ["a text", "There is no such city.", "There is no such city."],
  ["an error that says nothing", new Error(), "The tool failed."],
  ["nothing", undefined, "The tool failed."],
])("tells the model when a tool throws %s", async (_, thrown, text) => {
  expect(await runForeignTool(throwing(thrown))).toEqual(errorResult(text));
});

it("rejects with a RuntimeError, which is ours", async () => {
  const error = new RuntimeError("unimplemented", "Nobody can resume it.");
  await expect(runForeignTool(throwing(error))).rejects.toBe(error);
});

it("rejects when the call was aborted, whatever the tool makes of it", async () => {
  const signal = AbortSignal.abort("enough");
  await expect(runForeignTool(throwing(new Error("stopped")), { signal })).rejects.toBe("enough");
});
