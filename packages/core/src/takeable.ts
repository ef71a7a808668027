/** Who is given the items of a {@link Takeable}. */
export interface Taker<T> {
  onItem(item: T): void;
  /** There are no more. */
  onEnd(): void;
  onFailure(thrown: unknown): void;
}

/**
 * A loop whose items can be had without a promise for each. That is for streams of many small items: a promise costs several
 * turns of the microtask queue, and memory while it waits.
 */
export interface Takeable<T> extends AsyncIterableIterator<T, undefined, undefined> {
  /** Does what `next` does and calls one of the taker's methods, once, maybe at once. Not to be called again before that. */
  take(taker: Taker<T>): void;
  return(): Promise<IteratorResult<T, undefined>>;
}

/** `next` for who has `take`. */
export function nextOf<T>(takeable: Takeable<T>): Promise<IteratorResult<T, undefined>> {
  return new Promise((resolve, reject) => {
    takeable.take({
      onItem: (value) => {
        resolve({ done: false, value });
      },
      onEnd: () => {
        resolve({ done: true, value: undefined });
      },
      onFailure: reject,
    });
  });
}
