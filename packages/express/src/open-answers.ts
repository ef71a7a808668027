/** An answer that is a stream of server-sent events. */
export interface OpenStream {
  /** Sends the head, unless it has left with the first event. */
  sendHead(): void;
  /** Sends a comment, unless something was sent since the last call. */
  keepAlive(): void;
}

/**
 * The answers that a server has begun and not sent to the end. Sees that the heads of streams leave in time, and keeps the
 * silent ones alive, all with one timer.
 */
export class OpenAnswers {
  readonly #keepAliveMs: number;
  #count = 0;
  #onNone: (() => void) | undefined;
  readonly #streams = new Set<OpenStream>();
  /** Those that were opened in this turn of the event loop. */
  readonly #newest = new Set<OpenStream>();
  #timer: NodeJS.Timeout | undefined;

  constructor(keepAliveMs: number) {
    this.#keepAliveMs = keepAliveMs;
  }

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#onNone?.();
  }

  /** Resolves when there is none. */
  async allSent(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#onNone = resolve;
    });
  }

  beginStream(stream: OpenStream): void {
    if (this.#newest.size === 0) setImmediate(this.#onTurn);
    this.#newest.add(stream);
  }

  endStream(stream: OpenStream): void {
    if (this.#newest.delete(stream)) return;
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #onTurn = (): void => {
    if (this.#newest.size === 0) return;
    for (const stream of this.#newest) {
      this.#streams.add(stream);
      stream.sendHead();
    }
    this.#newest.clear();
    this.#timer ??= setInterval(this.#onTime, this.#keepAliveMs).unref();
  };

  readonly #onTime = (): void => {
    for (const stream of this.#streams) stream.keepAlive();
  };
}
