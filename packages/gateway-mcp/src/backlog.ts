const most = 64;

/** Counts what was written and not yet taken, so that a slow reader slows the writer and memory does not grow. */
export class Backlog {
  #waiting = 0;
  #taken: (() => void) | undefined;

  /** Resolves when there is room for more, at the latest when the signal aborts. */
  async written(signal: AbortSignal): Promise<void> {
    this.#waiting += 1;
    if (this.#waiting < most || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#taken = () => {
      resolve(undefined);
    };
    signal.addEventListener("abort", this.#taken, { once: true });
    await promise;
    signal.removeEventListener("abort", this.#taken);
    this.#taken = undefined;
  }

  /** Hands on what is read, and counts it. */
  async *read(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      this.#waiting = Math.max(this.#waiting - 1, 0);
      if (this.#waiting < most) this.#taken?.();
      yield chunk;
    }
  }
}
