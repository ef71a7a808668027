export interface AlarmOptions {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly now: () => number;
}

/** Rings once, when the clock has come to a time and never before it, however far away it is. */
export class Alarm {
  readonly #options: AlarmOptions;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout;

  constructor(options: AlarmOptions, ring: () => void) {
    this.#options = options;
    this.#ring = ring;
    this.#timer = this.#set();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #set(): NodeJS.Timeout {
    const { at, now } = this.#options;
    // A timer takes no more than this, and may be a millisecond early.
    return setTimeout(this.#onTimer, Math.min(at - now(), longestTimerMs));
  }

  readonly #onTimer = (): void => {
    const { at, now } = this.#options;
    if (now() >= at) this.#ring();
    else this.#timer = this.#set();
  };
}

const longestTimerMs = 2 ** 31 - 1;
