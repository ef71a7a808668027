import type { RunEntry } from "./run-log.ts";
import { textAt } from "./text-arena.ts";
import type { PlacedText, TextArena } from "./text-arena.ts";

interface Pack {
  readonly first: number;
  count: number;
  /** The events, one behind the other, with a separator between them: in the arena, or by itself once that is left. */
  text: PlacedText | string;
}

const largestBatch = 1000;
/** Characters of events that are packed together. */
const packLength = 8 * 1024;
/** JSON text has this character only escaped. */
const separator = "\0";

/** The events of one run, packed as bytes: what stays is outside of the heap, where the garbage collector does not copy it around. */
export class PackedEvents {
  readonly #arena: TextArena;
  readonly #packs: Pack[] = [];
  #count = 0;
  #length = 0;

  constructor(arena: TextArena) {
    this.#arena = arena;
  }

  /** How many events there are: the number of the next one. */
  get count(): number {
    return this.#count;
  }

  /** All their text, in characters. */
  get length(): number {
    return this.#length;
  }

  /** `areLast`: no more will come. */
  add(events: readonly string[], areLast = false): void {
    for (let from = 0; from < events.length;) {
      const to = endOfPack(events, from);
      const text = (to - from === events.length ? events : events.slice(from, to)).join(separator);
      this.#put(text, to - from, areLast);
      this.#length += text.length - (to - from - 1);
      from = to;
    }
  }

  /** Up to 1,000 events from this number on, and no more text than there is in two packs, but not as far as `end`. Empty when there are none. */
  batch(from: number, end: number): readonly RunEntry[] {
    const entries: RunEntry[] = [];
    const last = Math.min(this.#count, end, from + largestBatch);
    let length = 0;
    for (let next = from; next < last && length < packLength; next = from + entries.length) {
      const { first, text } = this.#packAt(next);
      const events = (typeof text === "string" ? text : textAt(text)).split(separator);
      for (const data of events.slice(next - first, last - first)) {
        entries.push({ sequence: from + entries.length, data });
        length += data.length;
      }
    }
    return entries;
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

  #put(text: string, count: number, isLast: boolean): void {
    const pack = this.#packs.at(-1);
    if (pack !== undefined && typeof pack.text !== "string" && this.#arena.grow(pack.text, separator + text)) {
      pack.count += count;
    } else {
      // A run that has said much will say more.
      const room = isLast ? 0 : Math.min(this.#length, packLength);
      this.#packs.push({ first: this.#count, count, text: this.#arena.place(text, room) });
    }
    this.#count += count;
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
