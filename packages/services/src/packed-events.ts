import type { RunEntry } from "./run-log.ts";
import { textAt } from "./text-arena.ts";
import type { PlacedText, TextArena } from "./text-arena.ts";

interface Pack {
  readonly first: number;
  readonly count: number;
  /** The events, one behind the other, with a separator between them: in the arena, or by itself once it is left. */
  text: PlacedText | string;
}

const largestBatch = 1000;
/** Characters that wait to be packed together, and that are. */
const packLength = 8 * 1024;
/** JSON text has this character only escaped. */
const separator = "\0";

/**
 * The events of one run, packed as bytes but for the newest of a run that goes on: what stays is outside of the heap, where
 * the garbage collector does not copy it around.
 */
export class PackedEvents {
  readonly #arena: TextArena;
  readonly #packs: Pack[] = [];
  /** The newest ones, from this number on. */
  readonly #loose: string[] = [];
  #looseFirst = 0;
  #looseLength = 0;
  #length = 0;

  constructor(arena: TextArena) {
    this.#arena = arena;
  }

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
    if (this.#looseLength > packLength) this.pack();
  }

  /** Packs all that is there, such as when there is no more to come. */
  pack(): void {
    const loose = this.#loose;
    for (let from = 0; from < loose.length;) {
      const to = endOfPack(loose, from);
      const text = this.#arena.place(loose.slice(from, to).join(separator));
      this.#packs.push({ first: this.#looseFirst + from, count: to - from, text });
      from = to;
    }
    this.#length += this.#looseLength;
    this.#looseFirst += loose.length;
    // Emptied and not replaced: V8 keeps arrays that mostly live long among its old objects, and what a dead one of them
    // holds is only let go by the next full collection.
    loose.length = 0;
    this.#looseLength = 0;
  }

  /** Up to 1,000 events from this number on, but not as far as `end`. Empty when there are none. */
  batch(from: number, end: number): readonly RunEntry[] {
    if (from >= Math.min(this.count, end)) return [];
    const pack = from < this.#looseFirst ? this.#packAt(from) : undefined;
    const first = pack?.first ?? this.#looseFirst;
    const events = pack === undefined ? this.#loose : textOf(pack).split(separator);
    return events
      .slice(from - first, Math.min(end - first, from - first + largestBatch))
      .map((data, index) => ({ sequence: from + index, data }));
  }

  /** Leaves the arena, for good. Only what is to be read on is kept. */
  leave({ keep }: { readonly keep: boolean }): void {
    for (const pack of this.#packs) {
      if (typeof pack.text === "string") continue;
      const placed = pack.text;
      pack.text = keep ? textAt(placed) : "";
      this.#arena.free(placed);
    }
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

/** One event, however long, and those behind it as long as they are short together. */
function endOfPack(events: readonly string[], from: number): number {
  let to = from + 1;
  let length = events[from]?.length ?? 0;
  while (to < events.length && length + (events[to]?.length ?? 0) <= packLength) {
    length += events[to]?.length ?? 0;
    to += 1;
  }
  return to;
}

function textOf({ text }: Pack): string {
  return typeof text === "string" ? text : textAt(text);
}
