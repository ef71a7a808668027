import type { Numbered } from "./page-of.ts";

/**
 * Entries in the order in which they came, read newest first from anywhere. Adding and removing cost the same however
 * many there are.
 */
export class Timeline<T extends object> {
  #entries: (T | undefined)[] = [];
  #numbers: number[] = [];
  #removed = 0;

  get size(): number {
    return this.#entries.length - this.#removed;
  }

  /** The number must be greater than all before it. */
  add(number: number, entry: T): void {
    this.#numbers.push(number);
    this.#entries.push(entry);
  }

  remove(number: number): void {
    const index = this.#indexOf(number);
    if (this.#numbers[index] !== number || this.#entries[index] === undefined) return;
    this.#entries[index] = undefined;
    this.#removed++;
    this.#close();
  }

  /** The entries whose numbers are below `before`. Do not change the timeline while reading it. */
  *newest(before = Infinity): Generator<Numbered<T>> {
    for (let index = this.#indexOf(before) - 1; index >= 0; index--) {
      const entry = this.#entries[index];
      const number = this.#numbers[index];
      if (entry !== undefined && number !== undefined) yield [number, entry];
    }
  }

  /** Where the first number stands that is not below this one. */
  #indexOf(number: number): number {
    let low = 0;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#numbers[middle] ?? Infinity) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Closes the gaps once they outnumber the entries: then each removal has paid for its part of the work. */
  #close(): void {
    while (this.#entries.length > 0 && this.#entries.at(-1) === undefined) {
      this.#entries.pop();
      this.#numbers.pop();
      this.#removed--;
    }
    if (this.#removed <= this.#entries.length / 2) return;
    const kept = [...this.newest()].toReversed();
    this.#numbers = kept.map(([number]) => number);
    this.#entries = kept.map(([, entry]) => entry);
    this.#removed = 0;
  }
}
