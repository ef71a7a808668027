import type { RunEntry } from "./run-log.ts";

interface Pack {
  readonly first: number;
  readonly count: number;
  /** The events, one behind the other, with a separator between them. */
  readonly bytes: Buffer;
}

const largestBatch = 1000;
/** Characters that wait to be packed together. */
const looseLength = 2 * 1024;
/** JSON text has this character only escaped. */
const separator = "\0";

/**
 * The events of one run, packed as bytes but for the newest of a run that goes on: what stays is outside of the heap, where
 * the garbage collector does not copy it around.
 */
export class PackedEvents {
  readonly #packs: Pack[] = [];
  /** The newest ones, from this number on. */
  readonly #loose: string[] = [];
  #looseFirst = 0;
  #looseLength = 0;
  #length = 0;

  /** How many events there are: the number of the next one. */
  get count(): number {
    return this.#looseFirst + this.#loose.length;
  }

  /** All their text, in characters. */
  get length(): number {
    return this.#length + this.#looseLength;
  }

  add(events: readonly string[]): void {
    for (const event of events) {
      this.#loose.push(event);
      this.#looseLength += event.length;
    }
    if (this.#looseLength > looseLength) this.pack();
  }

  /** Packs all that is there, such as when there is no more to come. */
  pack(): void {
    const count = this.#loose.length;
    if (count === 0) return;
    this.#packs.push({ first: this.#looseFirst, count, bytes: Buffer.from(this.#loose.join(separator)) });
    this.#length += this.#looseLength;
    this.#looseFirst += count;
    // Emptied and not replaced: V8 keeps arrays that mostly live long among its old objects, and what a dead one of them
    // holds is only let go by the next full collection.
    this.#loose.length = 0;
    this.#looseLength = 0;
  }

  /** Up to 1,000 events from this number on, but not as far as `end`. Empty when there are none. */
  batch(from: number, end: number): readonly RunEntry[] {
    if (from >= Math.min(this.count, end)) return [];
    const pack = from < this.#looseFirst ? this.#packAt(from) : undefined;
    const first = pack?.first ?? this.#looseFirst;
    const events = pack?.bytes.toString().split(separator) ?? this.#loose;
    return events
      .slice(from - first, Math.min(end - first, from - first + largestBatch))
      .map((data, index) => ({ sequence: from + index, data }));
  }

  #packAt(number: number): Pack {
    let low = 0;
    let high = this.#packs.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#packs[middle]?.first ?? Infinity) <= number) low = middle;
      else high = middle - 1;
    }
    const pack = this.#packs[low];
    if (pack === undefined) throw new RangeError(`There is no event ${number}.`);
    return pack;
  }
}
