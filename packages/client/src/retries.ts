import { Transient } from "./transient.ts";
import { wait } from "./wait.ts";

/** How patient a client is with a network that fails and a server that is busy. */
export interface RetryOptions {
  /** How often in a row a call is repeated, or a stream taken up again, without an event in between. Default 5. */
  readonly maxRetries?: number;
  /** About the first wait; each one doubles it. Milliseconds, default 250. */
  readonly minDelayMs?: number;
  /** The longest wait. A server that asks for a longer one with `Retry-After` is not asked again. Default 30,000. */
  readonly maxDelayMs?: number;
}

const defaults = { maxRetries: 5, minDelayMs: 250, maxDelayMs: 30_000 };

/** The patience of one call. */
export class Retries {
  readonly #options: Required<RetryOptions>;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;

  constructor(options: RetryOptions, signal: AbortSignal | undefined) {
    this.#options = { ...defaults, ...options };
    this.#signal = signal;
  }

  /** Something came through: the next failure is the first of its row. */
  progressed(): void {
    this.#failures = 0;
  }

  /** Resolves when it is time to try again; throws what the caller is told when it never is. */
  async after(thrown: unknown): Promise<void> {
    this.#signal?.throwIfAborted();
    if (!(thrown instanceof Transient)) throw thrown;
    const { maxRetries, maxDelayMs } = this.#options;
    if (this.#failures >= maxRetries || thrown.retryAfterMs > maxDelayMs) throw thrown.error;
    const delayMs = thrown.retryAfterMs + backOff(this.#failures, this.#options, Math.random());
    this.#failures += 1;
    await wait(Math.min(delayMs, maxDelayMs), this.#signal);
  }
}

/** Twice as long after each failure, and less by up to a half, so that callers who failed together do not come back so. */
export function backOff(
  failures: number,
  { minDelayMs, maxDelayMs }: Pick<Required<RetryOptions>, "minDelayMs" | "maxDelayMs">,
  random: number,
): number {
  return Math.min(minDelayMs * 2 ** failures, maxDelayMs) * (1 - random / 2);
}
