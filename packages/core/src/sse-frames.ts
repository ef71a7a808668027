import { encodeFrame, RuntimeError } from "@agentscope-runtime/protocol";
import type { RunEntry } from "@agentscope-runtime/services";

/** A run's events as server-sent events. A stream that cannot go on ends with an error line. */
export async function* runFrames(batches: AsyncIterable<readonly RunEntry[]>): AsyncGenerator<string, void, undefined> {
  try {
    for await (const batch of batches) {
      let frames = "";
      for (const { sequence, data } of batch) frames += encodeFrame(sequence, data);
      yield frames;
    }
  } catch (thrown) {
    yield errorFrame(thrown);
  }
}

/** Values as server-sent events, each as JSON. What cannot be written, and what the source throws, ends the stream with an error line. */
export async function* valueFrames(
  values: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<string, void, undefined> {
  try {
    for await (const value of values) yield encodeFrame(null, jsonOf(value));
  } catch (thrown) {
    yield errorFrame(thrown);
  }
}

/** `code` and `message` stand beside `error` too: AgentScope's web page shows them from there. */
function errorFrame(thrown: unknown): string {
  const error = RuntimeError.from(thrown).toJSON();
  return encodeFrame(null, JSON.stringify({ error, code: error.code, message: error.message }));
}

function jsonOf(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined; // Undefined for undefined and functions.
  return json ?? "null";
}
