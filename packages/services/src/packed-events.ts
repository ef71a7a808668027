import type { RunEntry } from "./run-log.ts";

interface Pack {
  readonly first: number;
  readonly bytes: Buffer;
  /** Where each event ends in `bytes`. */
  readonly ends: Uint32Array;
}

const largestBatch = 1000;

/**
 * The events of one run, packed as bytes: an event that stays is kept outside of the heap, where the garbage collector
 * does not copy it around. The newest ones are there as they came too, so that live readers need not unpack them.
 */
export class PackedEvents {
  readonly #packs: Pack[] = [];
  #newest: { readonly first: number; readonly events: readonly string[] } = { first: 0, events: [] };
  #count = 0;
  #length = 0;

  /** How many events there are: the number of the next one. */
  get count(): number {
    return this.#count;
  }

  /** All their text, in characters. */
  get length(): number {
    return this.#length;
  }

  add(events: readonly string[]): void {
    if (events.length === 0) return;
    const text = events.join("");
    const bytes = Buffer.from(text);
    // Mostly every character is one byte, and need not be measured.
    const lengthOf =
      bytes.length === text.length ? (event: string) => event.length : (event: string) => Buffer.byteLength(event);
    const ends = new Uint32Array(events.length);
    let end = 0;
    for (const [index, event] of events.entries()) {
      end += lengthOf(event);
      ends[index] = end;
    }
    this.#length += text.length;
    this.#packs.push({ first: this.#count, bytes, ends });
    this.#newest = { first: this.#count, events };
    this.#count += events.length;
  }

  /** Lets go of what only live readers need. */
  settle(): void {
    this.#newest = { first: this.#count, events: [] };
  }

  /** Up to 1,000 events from this number on, but not as far as `end`. Empty when there are none. */
  batch(from: number, end: number): readonly RunEntry[] {
    const to = Math.min(this.#count, end, from + largestBatch);
    if (from >= to) return [];
    const { first, events } = this.#newest;
    if (from >= first) {
      return events.slice(from - first, to - first).map((data, index) => ({ sequence: from + index, data }));
    }
    const pack = this.#packAt(from);
    return Array.from({ length: Math.min(to, pack.first + pack.ends.length) - from }, (_, index) => ({
      sequence: from + index,
      data: unpack(pack, from + index - pack.first),
    }));
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
