import type { RunEntry, RunKey, RunLog, RunReadOptions } from "@agentscope-runtime/services";
import type { LiveRun } from "./live-run.ts";
import type { Takeable } from "./takeable.ts";

type Batch = IteratorResult<readonly RunEntry[], undefined>;

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

const done: Batch = { done: true, value: undefined };

/**
 * One reader's way through the events of a run: live, while the run is in this process and the reader keeps up, else from
 * the log, and live again when it has caught up.
 */
export class RunReading implements Takeable<readonly RunEntry[]> {
  readonly #host: ReadingHost;
  readonly #key: RunKey;
  readonly #options: RunReadOptions;
  #state: "new" | "open" | "over" = "new";
  /** The number of the event that comes next. */
  #position: number;
  #live: LiveRun | undefined;
  #logged: AsyncIterator<readonly RunEntry[], unknown> | undefined;
  #leave: (() => void) | undefined;
  #failure: { readonly thrown: unknown } | undefined;
  /** Who waits for the next batch. */
  #onBatch: ((result: Batch) => void) | undefined;
  #onFailure: ((thrown: unknown) => void) | undefined;

  constructor(host: ReadingHost, key: RunKey, options: RunReadOptions) {
    this.#host = host;
    this.#key = key;
    this.#options = options;
    this.#position = Math.max((options.after ?? -1) + 1, 0);
  }

  take(onResult: (result: Batch) => void, onFailure: (thrown: unknown) => void): void {
    this.#onBatch = onResult;
    this.#onFailure = onFailure;
    if (this.#state === "new") this.#begin();
    else if (this.#state === "open") this.#more();
    else if (this.#failure === undefined) this.#give(done);
    else this.#fail(this.#failure.thrown);
  }

  next(): Promise<Batch> {
    return new Promise((resolve, reject) => {
      this.take(resolve, reject);
    });
  }

  async return(): Promise<Batch> {
    const logged = this.#logged;
    this.#end();
    this.#failure = undefined;
    this.#give(done);
    await logged?.return?.();
    return done;
  }

  [Symbol.asyncIterator](): this {
    return this;
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
    if (follow !== true || this.#live !== undefined) {
      if (signal !== undefined) this.#live?.addReader(signal);
      this.#more();
      return;
    }
    this.#host.announce(this.#key, signal).then((leave) => {
      if (this.#state === "over") {
        leave?.(); // It was left meanwhile.
        return;
      }
      this.#leave = leave;
      this.#more();
    }, this.#onThrown);
  }

  #more(): void {
    if (this.#live?.read(this.#position, this.#onLive) === true) {
      void this.#logged?.return?.();
      this.#logged = undefined;
      return;
    }
    const { runLog } = this.#host;
    this.#logged ??= runLog.read(this.#key, { ...this.#options, after: this.#position - 1 })[Symbol.asyncIterator]();
    this.#logged.next().then(this.#onLogged, this.#onThrown);
  }

  readonly #onLive = (entries: readonly RunEntry[] | undefined, isLast: boolean): void => {
    if (this.#state === "over") return;
    if (entries === undefined) {
      this.#live = undefined;
      this.#more();
      return;
    }
    this.#position += entries.length;
    if (isLast) this.#end();
    this.#give(entries.length === 0 ? done : { done: false, value: entries });
  };

  readonly #onLogged = (result: IteratorResult<readonly RunEntry[], unknown>): void => {
    if (this.#state === "over") return;
    if (result.done === true) {
      this.#end();
      this.#give(done);
    } else {
      this.#position += result.value.length;
      this.#give(result);
    }
  };

  readonly #onThrown = (thrown: unknown): void => {
    if (this.#state !== "over") this.#fail(thrown);
  };

  readonly #onAbort = (): void => {
    this.#fail(this.#options.signal?.reason);
  };

  #give(result: Batch): void {
    const onBatch = this.#onBatch;
    this.#onBatch = undefined;
    onBatch?.(result);
  }

  /** Whoever waits gets it, or else whoever asks next; after it the loop is simply over. */
  #fail(thrown: unknown): void {
    this.#end();
    const onBatch = this.#onBatch;
    this.#onBatch = undefined;
    this.#failure = onBatch === undefined ? { thrown } : undefined;
    if (onBatch !== undefined) this.#onFailure?.(thrown);
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
