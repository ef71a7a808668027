import { parseTtl } from "@agentscope-runtime/services";

/** Timers cannot be set further ahead than this. */
const longestTimerMs = 2 ** 31 - 1;

/** How long a sandbox has to live. The time that it is paused does not count. */
export class TimeToLive {
  readonly #onOver: () => void;
  #leftMs: number;
  #countedAt = Date.now();
  #paused = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(leftMs: number, onOver: () => void) {
    this.#leftMs = leftMs;
    this.#onOver = onOver;
    this.#start();
  }

  get leftMs(): number {
    return this.#paused ? this.#leftMs : this.#leftMs - (Date.now() - this.#countedAt);
  }

  get paused(): boolean {
    return this.#paused;
  }

  extend(ttlMs: number): void {
    this.#leftMs = parseTtl(ttlMs);
    this.#start();
  }

  pause(): void {
    this.#leftMs = this.leftMs;
    this.#paused = true;
    clearTimeout(this.#timer);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#start();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#countedAt = Date.now();
    if (this.#paused) return;
    const waitMs = Math.min(Math.max(this.#leftMs, 0), longestTimerMs);
    this.#timer = setTimeout(() => {
      this.#leftMs -= waitMs;
      if (this.#leftMs > 0) this.#start();
      else this.#onOver();
    }, waitMs).unref();
  }
}
