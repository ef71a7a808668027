import { encodeFrame, RuntimeError } from "@agentscope-runtime/protocol";
import type { RunEntry } from "@agentscope-runtime/services";
import type { Takeable } from "./takeable.ts";

type Frames = IteratorResult<string, undefined>;

/** A run's events as server-sent events. A stream that cannot go on ends with an error line. */
export function runFrames(batches: Takeable<readonly RunEntry[]>): Takeable<string> {
  return new RunFrames(batches);
}

class RunFrames implements Takeable<string> {
  readonly #batches: Takeable<readonly RunEntry[]>;

  constructor(batches: Takeable<readonly RunEntry[]>) {
    this.#batches = batches;
  }

  take(onResult: (result: Frames) => void): void {
    this.#batches.take(
      (result) => {
        onResult(result.done === true ? result : { done: false, value: framesOf(result.value) });
      },
      (thrown) => {
        onResult({ done: false, value: errorFrame(thrown) });
      },
    );
  }

  next(): Promise<Frames> {
    return new Promise((resolve) => {
      this.take(resolve);
    });
  }

  async return(): Promise<Frames> {
    await this.#batches.return();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function framesOf(entries: readonly RunEntry[]): string {
  let frames = "";
  for (const { sequence, data } of entries) frames += encodeFrame(sequence, data);
  return frames;
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
