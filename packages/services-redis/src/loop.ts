export interface LoopSource<T> {
  /**
   * The next item, the end, or undefined when there is nothing yet: then it is the source's part to `wake` the loop later.
   * What it throws ends the loop.
   */
  readonly take: () => IteratorResult<T, undefined> | undefined;
  /** Called once, when the loop is over, however it ended. */
  readonly onEnd: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** A loop over what comes from elsewhere. It can be left while it waits, which an async generator cannot. */
export class Loop<T> implements AsyncIterableIterator<T, undefined, undefined>, AsyncDisposable {
  readonly #source: LoopSource<T>;
  readonly #waiting: PromiseWithResolvers<IteratorResult<T, undefined>>[] = [];
  #failure: { readonly thrown: unknown } | undefined;
  #over = false;

  constructor(source: LoopSource<T>) {
    this.#source = source;
    if (source.signal?.aborted === true) this.#onAbort();
    else source.signal?.addEventListener("abort", this.#onAbort);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const next = Promise.withResolvers<IteratorResult<T, undefined>>();
    this.#waiting.push(next);
    this.wake();
    return next.promise;
  }

  /** Hands out what is there to whoever waits for it. */
  wake(): void {
    while (this.#waiting.length > 0) {
      let result;
      try {
        result = this.#take();
      } catch (thrown) {
        this.#waiting.shift()?.reject(thrown);
        continue;
      }
      if (result === undefined) return;
      this.#waiting.shift()?.resolve(result);
    }
  }

  /** Ends the loop with this error, unless it is over. */
  fail(thrown: unknown): void {
    if (this.#over) return;
    this.#failure = { thrown };
    this.#end();
    this.wake();
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#failure = undefined;
    if (!this.#over) this.#end();
    this.wake();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): IteratorResult<T, undefined> | undefined {
    const failure = this.#failure;
    this.#failure = undefined; // Once; after it the loop is simply over.
    if (failure !== undefined) throw failure.thrown;
    if (this.#over) return { done: true, value: undefined };
    try {
      const result = this.#source.take();
      if (result?.done === true) this.#end();
      return result;
    } catch (thrown) {
      this.#end();
      throw thrown;
    }
  }

  #end(): void {
    this.#over = true;
    this.#source.signal?.removeEventListener("abort", this.#onAbort);
    this.#source.onEnd();
  }

  readonly #onAbort = (): void => {
    this.fail(this.#source.signal?.reason);
  };
}
