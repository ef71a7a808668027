import { setTimeout as sleep } from "node:timers/promises";

export interface EventuallyOptions {
  /** Default 10 seconds. */
  readonly timeoutMs?: number;
  /** The pause before asking again. Default 20 milliseconds. */
  readonly intervalMs?: number;
}

/** Asks again until the answer is neither false nor undefined, and returns it. Throws when that takes too long. */
export async function eventually<T>(
  ask: () => Promise<T | false | undefined> | T | false | undefined,
  { timeoutMs = 10_000, intervalMs = 20 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() > deadline)
      throw new Error(`This has not come true within ${timeoutMs} ms: ${ask.toString()}`);
    await sleep(intervalMs);
  }
}
