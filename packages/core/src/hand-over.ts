/** Takes the items and resolves when the reader wants more. */
export type Put<T> = (items: readonly T[]) => Promise<void>;

/**
 * Turns a producer that calls into a loop that asks: the producer waits until its items are taken. Leaving the loop calls
 * `leave` and waits for the producer to end; what the producer throws, the loop throws.
 */
export async function* handOver<T>(
  produce: (put: Put<T>) => Promise<void>,
  leave: () => void,
): AsyncGenerator<T, void, undefined> {
  let items: readonly T[] = [];
  const state = { over: false, left: false };
  let given = Promise.withResolvers<undefined>();
  let taken = Promise.withResolvers<undefined>();
  const producing = produce(async (next) => {
    if (state.left) return;
    items = next;
    taken = Promise.withResolvers();
    given.resolve(undefined);
    await taken.promise;
  }).finally(() => {
    state.over = true;
    given.resolve(undefined);
  });
  // Whoever is in the loop gets it below; whoever left does not want it.
  producing.catch(() => undefined);
  try {
    for (;;) {
      await given.promise;
      given = Promise.withResolvers();
      yield* items;
      items = [];
      if (state.over) break;
      taken.resolve(undefined);
    }
    await producing;
  } finally {
    state.left = true;
    if (!state.over) leave();
    taken.resolve(undefined);
    await producing.catch(() => undefined);
  }
}
