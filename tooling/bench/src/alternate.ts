import { median, percentile } from "./percentile.ts";

export type Call = () => Promise<unknown>;

export interface AlternateOptions {
  /** How long each of the two is measured in all. */
  readonly seconds: number;
  /** In so many turns: short ones, so that whatever else the machine does meets both. */
  readonly rounds: number;
  /** Calls under way at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/** Two calls beside each other. */
export interface Alternated {
  /** Calls a second: the median of the turns. */
  readonly first: number;
  readonly second: number;
  /** `first` ÷ `second`, turn by turn: the median, and between what the middle half of them lies. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Measures two calls in turns, and who begins changes with each. The first turn of each is a warm-up. */
export async function alternate(first: Call, second: Call, options: AlternateOptions): Promise<Alternated> {
  const ms = (options.seconds * 1000) / options.rounds;
  const rates: [number, number][] = [];
  for (let round = 0; round <= options.rounds; round += 1) {
    const turns = round % 2 === 0 ? [first, second] : [second, first];
    const pair: number[] = [];
    for (const call of turns) pair.push(await callsPerSecond(call, ms, options));
    const [one = Number.NaN, other = Number.NaN] = round % 2 === 0 ? pair : pair.toReversed();
    if (round > 0) rates.push([one, other]);
  }
  const ratios = rates.map(([one, other]) => one / other);
  return {
    first: median(rates.map(([one]) => one)),
    second: median(rates.map(([, other]) => other)),
    ratio: median(ratios),
    low: percentile(ratios, 0.25),
    high: percentile(ratios, 0.75),
  };
}

async function callsPerSecond(
  call: Call,
  ms: number,
  { concurrency, signal }: Pick<AlternateOptions, "concurrency" | "signal">,
): Promise<number> {
  const began = performance.now();
  let calls = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < began + ms) {
      signal.throwIfAborted();
      await call();
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return calls / ((performance.now() - began) / 1000);
}
