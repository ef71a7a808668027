import type { RunKey, RunLog, RunReadOptions } from "@agentscope-runtime/services";
import type { LiveEntry } from "./live-entry.ts";
import type { LiveRun } from "./live-run.ts";
import type { LiveReader } from "./run-writer.ts";
import { nextOf } from "./takeable.ts";
import type { Takeable, Taker } from "./takeable.ts";

type Entries = readonly LiveEntry[];
type Result = IteratorResult<Entries, undefined>;

/** Knows where a run is, and who reads. */
export interface ReadingHost {
  readonly runLog: RunLog;
  /** The run, when it is in this process. */
  find(key: RunKey): LiveRun | undefined;
  /** Counts a reader of a run that is elsewhere. Returns what to call when it leaves, if anything. */
  announce(key: RunKey, reader: AbortSignal | undefined): Promise<(() => void) | undefined>;
  /** Is told of each reading's begin and end. */
  count(change: 1 | -1): void;
}

/**
 * One reader's way through the events of a run: live, while the run is in this process and the reader keeps up, else from
 * the log, and live again when it has caught up.
 */
export class RunReading implements Takeable<Entries>, LiveReader {
  readonly #host: ReadingHost;
  readonly #key: RunKey;
  readonly #options: RunReadOptions;
  #state: "new" | "open" | "over" = "new";
  #position: number;
  #live: LiveRun | undefined;
  #logged: AsyncIterator<Entries, unknown> | undefined;
  #leave: (() => void) | undefined;
  #failure: { readonly thrown: unknown } | undefined;
  /** Who waits for the next batch. */
  #taker: Taker<Entries> | undefined;

  constructor(host: ReadingHost, key: RunKey, options: RunReadOptions) {
    this.#host = host;
    this.#key = key;
    this.#options = options;
    this.#position = Math.max((options.after ?? -1) + 1, 0);
  }

  /** The number of the event that comes next. */
  get position(): number {
    return this.#position;
  }

  take(taker: Taker<Entries>): void {
    this.#taker = taker;
    if (this.#state === "new") this.#begin();
    else if (this.#state === "open") this.#more();
    else if (this.#failure === undefined) this.#finish();
    else this.#fail(this.#failure.thrown);
  }

  next(): Promise<Result> {
    return nextOf(this);
  }

  async return(): Promise<Result> {
    const logged = this.#logged;
    this.#failure = undefined;
    this.#finish();
    await logged?.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  onEvents(entries: Entries, isLast: boolean): void {
    if (this.#state === "over") return;
    if (isLast) this.#end();
    if (entries.length === 0) this.#finish();
    else this.#give(entries);
  }

  onGone(): void {
    this.#live = undefined;
    if (this.#state === "open") this.#more();
  }

  #begin(): void {
    const { follow, signal } = this.#options;
    this.#state = "open";
    this.#host.count(1);
    if (signal?.aborted === true) {
      this.#fail(signal.reason);
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
    if (follow === true) this.#live = this.#host.find(this.#key);
    if (signal !== undefined) this.#live?.addReader(signal);
    if (follow !== true || this.#live !== undefined) this.#more();
    else void this.#announce();
  }

  async #announce(): Promise<void> {
    try {
      const leave = await this.#host.announce(this.#key, this.#options.signal);
      if (this.#isOver()) leave?.(); // It was left meanwhile.
      else this.#leave = leave;
    } catch (thrown) {
      this.#fail(thrown);
    }
    if (!this.#isOver()) this.#more();
  }

  #more(): void {
    if (this.#live?.read(this) === true) {
      void this.#logged?.return?.();
      this.#logged = undefined;
    } else {
      void this.#readLog();
    }
  }

  async #readLog(): Promise<void> {
    const { runLog } = this.#host;
    this.#logged ??= runLog.read(this.#key, { ...this.#options, after: this.#position - 1 })[Symbol.asyncIterator]();
    try {
      const result = await this.#logged.next();
      if (this.#isOver()) return;
      if (result.done === true) this.#finish();
      else this.#give(result.value);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#options.signal?.reason);
  };

  #isOver(): boolean {
    return this.#state === "over";
  }

  #give(entries: Entries): void {
    this.#position += entries.length;
    this.#waiting()?.onItem(entries);
  }

  #finish(): void {
    this.#end();
    this.#waiting()?.onEnd();
  }

  /** Whoever waits gets it, or else whoever asks next; after it the loop is simply over. */
  #fail(thrown: unknown): void {
    this.#end();
    const taker = this.#waiting();
    this.#failure = taker === undefined ? { thrown } : undefined;
    taker?.onFailure(thrown);
  }

  #waiting(): Taker<Entries> | undefined {
    const taker = this.#taker;
    this.#taker = undefined;
    return taker;
  }

  #end(): void {
    if (this.#state === "open") {
      this.#host.count(-1);
      this.#options.signal?.removeEventListener("abort", this.#onAbort);
      this.#leave?.();
    }
    this.#state = "over";
    this.#live = undefined;
    void this.#logged?.return?.();
    this.#logged = undefined;
  }
}
