export interface RaceResult<T> {
  readonly won: readonly T[];
  /** What the others were rejected with. */
  readonly lost: readonly unknown[];
}

/** Starts all calls at once and waits for all of them. */
export async function race<T>(calls: readonly (() => Promise<T>)[]): Promise<RaceResult<T>> {
  const results = await Promise.allSettled(calls.map((call) => call()));
  return {
    won: results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])),
    lost: results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : [])),
  };
}
