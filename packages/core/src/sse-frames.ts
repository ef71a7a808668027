import { encodeFrame, RuntimeError } from "@agentscope-runtime/protocol";
import type { RunEntry } from "@agentscope-runtime/services";

/** A run's events as server-sent events. A stream that cannot go on ends with an error line. */
export function runFrames(batches: AsyncIterable<readonly RunEntry[]>): AsyncIterable<string> {
  // No generator: it would cost several turns of the microtask queue for every event of every stream.
  return {
    [Symbol.asyncIterator]() {
      const entries = batches[Symbol.asyncIterator]();
      let over = false;
      const onFailure = (thrown: unknown): IteratorResult<string, undefined> => {
        over = true;
        return { done: false, value: errorFrame(thrown) };
      };
      return {
        next: async () =>
          over ? Promise.resolve({ done: true, value: undefined }) : entries.next().then(toFrames, onFailure),
        return: async () => {
          over = true;
          await entries.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

function toFrames(result: IteratorResult<readonly RunEntry[], unknown>): IteratorResult<string, undefined> {
  if (result.done === true) return { done: true, value: undefined };
  let frames = "";
  for (const { sequence, data } of result.value) frames += encodeFrame(sequence, data);
  return { done: false, value: frames };
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
