import { encodeFrame, RuntimeError } from "@agentscope-runtime/protocol";
import type { RunEntry } from "@agentscope-runtime/services";
import { nextOf } from "./takeable.ts";
import type { Takeable, Taker } from "./takeable.ts";

/** A run's events as server-sent events. A stream that cannot go on ends with an error line. */
export function runFrames(batches: Takeable<readonly RunEntry[]>): Takeable<string> {
  return new RunFrames(batches);
}

class RunFrames implements Takeable<string>, Taker<readonly RunEntry[]> {
  readonly #batches: Takeable<readonly RunEntry[]>;
  #taker: Taker<string> | undefined;

  constructor(batches: Takeable<readonly RunEntry[]>) {
    this.#batches = batches;
  }

  take(taker: Taker<string>): void {
    this.#taker = taker;
    this.#batches.take(this);
  }

  onItem(entries: readonly RunEntry[]): void {
    this.#taker?.onItem(framesOf(entries));
  }

  onEnd(): void {
    this.#taker?.onEnd();
  }

  onFailure(thrown: unknown): void {
    this.#taker?.onItem(errorFrame(thrown));
  }

  next(): Promise<IteratorResult<string, undefined>> {
    return nextOf(this);
  }

  async return(): Promise<IteratorResult<string, undefined>> {
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
