/** An answer that is a stream of server-sent events. */
export interface OpenStream {
  /** Nothing more is sent. */
  readonly isOver: boolean;
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
  /** Those that were opened in this turn of the event loop. Most of them end in it, and are never in the set. */
  #newest: OpenStream[] = [];
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
    if (this.#newest.length === 0) setImmediate(this.#onTurn);
    this.#newest.push(stream);
  }

  endStream(stream: OpenStream): void {
    if (!this.#streams.delete(stream) || this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #onTurn = (): void => {
    const opened = this.#newest.filter(({ isOver }) => !isOver);
    this.#newest = [];
    for (const stream of opened) {
      this.#streams.add(stream);
      stream.sendHead();
    }
    if (opened.length > 0) this.#timer ??= setInterval(this.#onTime, this.#keepAliveMs).unref();
  };

  readonly #onTime = (): void => {
    for (const stream of this.#streams) stream.keepAlive();
  };
}
