import { collectOutput } from "./index.ts";
import type { ExecEvent } from "./index.ts";

async function* said(...events: readonly ExecEvent[]): AsyncGenerator<ExecEvent, void, undefined> {
  yield* events;
}

it("puts together what a command said on each of its streams, and how it ended", async () => {
  const result = await collectOutput(
    said(
      { type: "stdout", text: "a" },
      { type: "stderr", text: "!" },
      { type: "stdout", text: "b" },
      { type: "exit", exitCode: 137, stopped: "timeout" },
    ),
  );
  expect(result).toEqual({ stdout: "ab", stderr: "!", exitCode: 137, stopped: "timeout" });
});

it("takes events without an exit for a bug, not for a success", async () => {
  await expect(collectOutput(said({ type: "stdout", text: "a" }))).rejects.toThrow("no exit");
});
