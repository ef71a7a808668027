export interface Bounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What it rejects with when the time is over. */
  readonly tooLate: () => unknown;
}

/** What the work comes to, but no later than this: rejects when the time is over, or with the signal's reason. */
export function bounded<T>(work: Promise<T>, { timeoutMs, signal, tooLate }: Bounds): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => {
    fail(signal?.reason);
  };
  const timer = setTimeout(() => {
    fail(tooLate());
  }, timeoutMs);
  signal?.addEventListener("abort", onAbort);
  const end = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  const fail = (thrown: unknown): void => {
    end();
    reject(thrown);
  };
  work.then((value) => {
    end();
    resolve(value);
  }, fail);
  return promise;
}
