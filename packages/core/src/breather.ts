import { setImmediate as nextTurn } from "node:timers/promises";

const checkEvery = 32;
const longestMs = 8;

/**
 * Lets the event loop turn when a loop of awaits has held it too long. An agent that yields without ever waiting for
 * something would otherwise stop every other run of the process.
 */
export class Breather {
  #steps = 0;
  #since = performance.now();
  #isWatched = false;

  /** A promise to wait for, or undefined, mostly, when it is not time yet. */
  step(): Promise<void> | undefined {
    this.#steps += 1;
    if (this.#steps % checkEvery !== 0 || performance.now() - this.#since < longestMs) return undefined;
    // Most of that time it may have waited itself: only who has not let the loop turn by the next check is held up.
    if (this.#isWatched) return nextTurn();
    this.#isWatched = true;
    setImmediate(() => {
      this.#isWatched = false;
      this.#since = performance.now();
    });
    return undefined;
  }
}
