export interface LeavableOptions<T> {
  readonly source: AsyncIterator<T, undefined>;
  /** When it aborts, the loop ends with its reason, also while it waits. */
  readonly signal: AbortSignal | undefined;
  /** Called once, when the loop is over, however it ended. The source may still be waiting, and is not asked again. */
  readonly onEnd: () => void;
}

/** A loop that can be left, and ended from outside, while it waits: an async generator cannot. */
export class Leavable<T> implements AsyncIterator<T, undefined> {
  readonly #options: LeavableOptions<T>;
  /** Those who call `next` before the one before them has its answer come one after another. */
  #last: Promise<unknown> = Promise.resolve();
  #interrupt: (() => void) | undefined;
  #failure: { readonly thrown: unknown } | undefined;
  #over = false;

  constructor(options: LeavableOptions<T>) {
    this.#options = options;
    options.signal?.addEventListener("abort", this.#onAbort);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => undefined);
    return next;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#failure = undefined;
    this.#end();
    return over;
  }

  /** Ends the loop with this error, unless it is over. */
  fail(thrown: unknown): void {
    if (this.#over) return;
    this.#failure = { thrown };
    this.#end();
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    if (this.#options.signal?.aborted === true) this.#onAbort(); // It may have been from the beginning.
    if (this.#over) return this.#outcome();
    try {
      const result = await this.#interruptible(this.#options.source.next());
      if (result.done !== true) return result;
      this.#end();
      return over;
    } catch (thrown) {
      this.#end();
      throw thrown;
    } finally {
      this.#interrupt = undefined;
    }
  }

  /** What the source gives, or what the loop was ended with before that. */
  #interruptible(result: Promise<IteratorResult<T, undefined>>): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => {
        resolve(this.#outcome());
      };
      result.then(resolve, reject);
    });
  }

  /** The failure once; after it the loop is simply over. */
  async #outcome(): Promise<IteratorResult<T, undefined>> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.thrown;
    return over;
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#options.onEnd();
    this.#interrupt?.();
  }

  readonly #onAbort = (): void => {
    this.fail(this.#options.signal?.reason);
  };
}

const over = { done: true, value: undefined } as const;
