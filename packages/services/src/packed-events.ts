import type { RunEntry } from "./run-log.ts";

interface Pack {
  readonly first: number;
  readonly bytes: Buffer;
  /** Where each event ends in `bytes`. */
  readonly ends: Uint32Array;
}

const largestBatch = 1000;
/** Characters that are kept as they came. To pack less than this costs more than the collector takes for it. */
const looseLength = 16 * 1024;

/**
 * The events of one run. Those of a long one are packed as bytes, but for the newest: what stays is kept outside of the heap,
 * where the garbage collector does not copy it around, and live readers need not unpack anything.
 */
export class PackedEvents {
  readonly #packs: Pack[] = [];
  /** The newest ones, from this number on. */
  #loose: string[] = [];
  #looseFirst = 0;
  #looseLength = 0;
  #length = 0;

  /** How many events there are: the number of the next one. */
  get count(): number {
    return this.#looseFirst + this.#loose.length;
  }

  /** All their text, in characters. */
  get length(): number {
    return this.#length;
  }

  add(events: readonly string[]): void {
    if (this.#looseLength > looseLength) this.#pack();
    for (const event of events) {
      this.#loose.push(event);
      this.#looseLength += event.length;
      this.#length += event.length;
    }
  }

  /** There are no more to come: lets go of what only live readers of a long run need. */
  settle(): void {
    if (this.#length > looseLength) this.#pack();
  }

  /** Up to 1,000 events from this number on, but not as far as `end`. Empty when there are none. */
  batch(from: number, end: number): readonly RunEntry[] {
    const to = Math.min(this.count, end, from + largestBatch);
    if (from >= to) return [];
    const first = this.#looseFirst;
    if (from >= first) {
      return this.#loose.slice(from - first, to - first).map((data, index) => ({ sequence: from + index, data }));
    }
    const pack = this.#packAt(from);
    return Array.from({ length: Math.min(to, pack.first + pack.ends.length) - from }, (_, index) => ({
      sequence: from + index,
      data: unpack(pack, from + index - pack.first),
    }));
  }

  #pack(): void {
    const events = this.#loose;
    if (events.length === 0) return;
    const text = events.join("");
    const bytes = Buffer.from(text);
    const ends = new Uint32Array(events.length);
    // Mostly every character is one byte, and need not be measured.
    const plain = bytes.length === text.length;
    let end = 0;
    for (const [index, event] of events.entries()) {
      end += plain ? event.length : Buffer.byteLength(event);
      ends[index] = end;
    }
    this.#packs.push({ first: this.#looseFirst, bytes, ends });
    this.#looseFirst += events.length;
    this.#loose = [];
    this.#looseLength = 0;
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

function unpack({ bytes, ends }: Pack, index: number): string {
  return bytes.toString("utf8", ends[index - 1] ?? 0, ends[index]);
}
