import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { eventOf } from "./live-entry.ts";
import type { LiveEntry } from "./live-entry.ts";
import { nextOf } from "./takeable.ts";
import type { Takeable, Taker } from "./takeable.ts";

/** How a protocol tells a run as server-sent events. */
export interface RunTeller {
  /** The frames that an event becomes; "" where there is nothing to tell. */
  tell(event: AgentEvent): string;
  /** The frames that a stream ends with which cannot go on. */
  fail(error: RuntimeError): string;
}

/** A run's events in a protocol's words: those of a batch in one piece. */
export function toldFrames(batches: Takeable<readonly LiveEntry[]>, teller: RunTeller): Takeable<string> {
  return new ToldFrames(batches, teller);
}

class ToldFrames implements Takeable<string>, Taker<readonly LiveEntry[]> {
  readonly #batches: Takeable<readonly LiveEntry[]>;
  readonly #teller: RunTeller;
  #taker: Taker<string> | undefined;
  #hasFailed = false;

  constructor(batches: Takeable<readonly LiveEntry[]>, teller: RunTeller) {
    this.#batches = batches;
    this.#teller = teller;
  }

  take(taker: Taker<string>): void {
    this.#taker = taker;
    if (this.#hasFailed) taker.onEnd();
    else this.#batches.take(this);
  }

  onItem(entries: readonly LiveEntry[]): void {
    let frames = "";
    try {
      for (const entry of entries) frames += this.#teller.tell(eventOf(entry));
    } catch (thrown) {
      // A bug of the teller's is no reason to end the run, whose events come from here.
      this.#batches.return().catch(() => undefined);
      this.#fail(thrown, frames);
      return;
    }
    if (frames === "") this.#batches.take(this);
    else this.#taker?.onItem(frames);
  }

  onEnd(): void {
    this.#taker?.onEnd();
  }

  onFailure(thrown: unknown): void {
    this.#fail(thrown, "");
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

  #fail(thrown: unknown, before: string): void {
    this.#hasFailed = true;
    this.#taker?.onItem(before + this.#teller.fail(RuntimeError.from(thrown)));
  }
}
