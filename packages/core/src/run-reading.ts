import type { RunEntry } from "@agentscope-runtime/services";

type Batch = IteratorResult<readonly RunEntry[], undefined>;

export interface RunReadingOptions {
  /** Called before the first batch is read. Returns what to call when the loop is over, however it ended. */
  readonly begin: () => Promise<() => void>;
  readonly batches: AsyncIterable<readonly RunEntry[]>;
}

/**
 * A loop over a run's batches that is told about its begin and its end. An async generator would do the same, at the cost of
 * several turns of the microtask queue for every event of every stream.
 */
export class RunReading implements AsyncIterableIterator<readonly RunEntry[], undefined, undefined> {
  readonly #options: RunReadingOptions;
  #batches: AsyncIterator<readonly RunEntry[], unknown> | undefined;
  #end: (() => void) | undefined;
  #over = false;

  constructor(options: RunReadingOptions) {
    this.#options = options;
  }

  next(): Promise<Batch> {
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    return this.#batches === undefined ? this.#first() : this.#next(this.#batches);
  }

  async return(): Promise<Batch> {
    await this.#batches?.return?.();
    this.#finish();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #first(): Promise<Batch> {
    try {
      this.#end = await this.#options.begin();
    } catch (thrown) {
      this.#over = true;
      throw thrown;
    }
    if (this.#over) return this.return(); // It was left meanwhile.
    this.#batches = this.#options.batches[Symbol.asyncIterator]();
    return this.#next(this.#batches);
  }

  #next(batches: AsyncIterator<readonly RunEntry[], unknown>): Promise<Batch> {
    return batches.next().then(this.#onBatch, this.#onFailure);
  }

  readonly #onBatch = (result: IteratorResult<readonly RunEntry[], unknown>): Batch => {
    if (result.done !== true) return result;
    this.#finish();
    return { done: true, value: undefined };
  };

  readonly #onFailure = (thrown: unknown): never => {
    this.#finish();
    throw thrown;
  };

  #finish(): void {
    this.#over = true;
    this.#end?.();
    this.#end = undefined;
  }
}
