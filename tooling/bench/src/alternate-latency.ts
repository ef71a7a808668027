import { median, percentile } from "./percentile.ts";

/** Does something once and says how long the part that counts took, in milliseconds. It cleans up after itself. */
export type Timed = () => Promise<number>;

/** How long two things take beside each other, in milliseconds. */
export interface Latencies {
  readonly first: number;
  readonly firstP95: number;
  readonly second: number;
  /** Median ÷ median. */
  readonly ratio: number;
}

/** Times two things in turns, and who begins changes with each. The first turn of each is a warm-up. */
export async function alternateLatency(
  first: Timed,
  second: Timed,
  { rounds, signal }: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<Latencies> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    for (const which of order) {
      signal.throwIfAborted();
      const ms = await (which === 0 ? first : second)();
      if (round > 0) times[which].push(ms);
    }
  }
  const [one, other] = [median(times[0]), median(times[1])];
  return { first: one, firstP95: percentile(times[0], 0.95), second: other, ratio: one / other };
}
