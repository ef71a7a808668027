/** A stream of server-sent events that a reader is connected to. */
export interface OpenStream {
  /** Sends the head, unless it has left with the first event. */
  sendHead(): void;
  /** Sends a comment, unless something was sent since the last call. */
  keepAlive(): void;
}

/** The open streams of one server: sees that their heads leave in time, and keeps the silent ones alive with one timer. */
export class OpenStreams {
  readonly #keepAliveMs: number;
  readonly #streams = new Set<OpenStream>();
  /** Opened in this turn of the event loop. */
  readonly #newest = new Set<OpenStream>();
  #timer: NodeJS.Timeout | undefined;

  constructor(keepAliveMs: number) {
    this.#keepAliveMs = keepAliveMs;
  }

  add(stream: OpenStream): void {
    if (this.#newest.size === 0) setImmediate(this.#onTurn);
    this.#newest.add(stream);
  }

  delete(stream: OpenStream): void {
    if (this.#newest.delete(stream)) return;
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #onTurn = (): void => {
    for (const stream of this.#newest) {
      this.#streams.add(stream);
      stream.sendHead();
    }
    if (this.#newest.size > 0) this.#timer ??= setInterval(this.#onTime, this.#keepAliveMs).unref();
    this.#newest.clear();
  };

  readonly #onTime = (): void => {
    for (const stream of this.#streams) stream.keepAlive();
  };
}
