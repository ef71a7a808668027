import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";

const shortestPauseMs = 50;
const longestPauseMs = 2_000;

/** Asks again while the database cannot be reached, for at most so long: it may be about to restart. */
export async function patiently<T>(patienceMs: number, ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + patienceMs;
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await ask();
    } catch (thrown) {
      const mayReturn = RuntimeError.is(thrown) && thrown.code === "unavailable";
      if (!mayReturn || performance.now() > end) throw thrown;
      await sleep(pauseMs, undefined, { ref: false });
    }
  }
}
