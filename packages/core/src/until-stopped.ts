export interface UntilStoppedOptions {
  /** When it aborts, the loop throws its reason. */
  readonly signal: AbortSignal;
  /** How long the source may take to stop, in milliseconds. */
  readonly graceMs: number;
  /** Called when it took longer: the source is left to itself, and nothing that it still yields is seen. */
  readonly onAbandoned: () => void;
}

/**
 * Pulls from a source that may never answer. Leaving the loop, or aborting the signal, returns the source and waits for
 * it to stop, but not longer than the grace.
 */
export async function* untilStopped<T>(
  source: AsyncIterator<T, unknown, undefined>,
  { signal, graceMs, onAbandoned }: UntilStoppedOptions,
): AsyncGenerator<T, void, undefined> {
  let giveUp: (() => void) | undefined;
  const onAbort = (): void => giveUp?.();
  signal.addEventListener("abort", onAbort);
  let pending: Promise<unknown> | undefined;
  let done = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      // One promise per pull: racing a promise that lives as long as the run would keep every pull's memory.
      const result = await new Promise<IteratorResult<T>>((resolve, reject) => {
        giveUp = () => {
          reject(signal.reason as Error); // Whatever the caller gave as the reason.
        };
        const next = source.next();
        pending = next;
        next.then(resolve, reject);
      });
      pending = undefined;
      if (result.done === true) {
        done = true;
        return;
      }
      yield result.value;
    }
  } catch (thrown) {
    // A source that threw has ended; only a pull that we gave up on is still under way.
    done = !signal.aborted;
    throw thrown;
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!done && !(await stopped(source, pending, graceMs))) onAbandoned();
  }
}

async function stopped(
  source: AsyncIterator<unknown, unknown, undefined>,
  pending: Promise<unknown> | undefined,
  graceMs: number,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, graceMs, false);
  });
  // What it throws while it stops has nobody to hear it: the run already has its reason to end.
  const stopping = Promise.allSettled([pending, source.return?.()]).then(() => true);
  try {
    return await Promise.race([stopping, late]);
  } finally {
    clearTimeout(timer);
  }
}
