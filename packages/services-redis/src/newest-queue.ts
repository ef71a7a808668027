/** A queue of so many at the most: when it is full, the oldest makes room. */
export class NewestQueue<T> {
  readonly #ring: (T | undefined)[] = [];
  readonly #capacity: number;
  #first = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(entry: T): void {
    this.#ring[(this.#first + this.#size) % this.#capacity] = entry;
    if (this.#size < this.#capacity) this.#size++;
    else this.#first = (this.#first + 1) % this.#capacity;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const entry = this.#ring[this.#first];
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.#capacity;
    this.#size--;
    return entry;
  }
}
