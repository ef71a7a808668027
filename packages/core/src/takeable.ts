/**
 * A loop whose items can be had without a promise for each. That is for streams of many small items: a promise costs several
 * turns of the microtask queue, and memory while it waits.
 */
export interface Takeable<T> extends AsyncIterableIterator<T, undefined, undefined> {
  /** Does what `next().then(onResult, onFailure)` does, and maybe at once. Not to be called again before it has called back. */
  take(onResult: (result: IteratorResult<T, undefined>) => void, onFailure: (thrown: unknown) => void): void;
  return(): Promise<IteratorResult<T, undefined>>;
}
