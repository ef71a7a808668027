/** A queue that keeps the newest: once it is full, the oldest makes room. */
export class NewestQueue<T> {
  readonly #capacity: number;
  readonly #entries: T[] = [];
  /** Where the oldest stands; what is before it is gone. */
  #start = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(entry: T): void {
    this.#entries.push(entry);
    if (this.#entries.length - this.#start > this.#capacity) this.#start++;
    this.#close();
  }

  shift(): T | undefined {
    if (this.#start === this.#entries.length) return undefined;
    const entry = this.#entries[this.#start++];
    this.#close();
    return entry;
  }

  /** Moves the entries to the front once as many places before them are free: each has paid for its own move. */
  #close(): void {
    if (this.#start * 2 < this.#entries.length) return;
    if (this.#start === this.#entries.length) this.#entries.length = 0;
    else this.#entries.splice(0, this.#start);
    this.#start = 0;
  }
}
