import { parseTtl } from "@agentscope-runtime/services";

/** Timers cannot be set further ahead. */
const longestTimerMs = 2 ** 31 - 1;

/** The time that a sandbox has left. It stands still while the sandbox is paused. */
export class TimeToLive {
  readonly #onOver: () => void;
  #leftMs: number;
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(ttlMs: number, onOver: () => void) {
    this.#leftMs = ttlMs;
    this.#onOver = onOver;
    this.go();
  }

  extend(ttlMs: number): void {
    const counts = this.#since !== undefined;
    this.stop();
    this.#leftMs = parseTtl(ttlMs);
    if (counts) this.go();
  }

  /** Stands still from now on. */
  stop(): void {
    clearTimeout(this.#timer);
    if (this.#since !== undefined) this.#leftMs -= performance.now() - this.#since;
    this.#since = undefined;
  }

  go(): void {
    this.stop();
    this.#since = performance.now();
    this.#timer = setTimeout(
      () => {
        this.stop();
        if (this.#leftMs <= 0) this.#onOver();
        else this.go();
      },
      Math.min(Math.max(Math.ceil(this.#leftMs), 0), longestTimerMs),
    ).unref();
  }
}
