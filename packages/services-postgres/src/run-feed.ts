import { RuntimeError } from "@agentscope-runtime/protocol";

/** How much of a run's newest events is kept for those who read along: so many events, and characters. */
const mostEvents = 256;
const mostCharacters = 2 ** 20;

/** What a look at the log has found. */
export interface RunSight {
  /** Tells a run from another one that took its place under the same id. */
  readonly id: number;
  readonly eventCount: number;
  readonly ended: boolean;
}

/**
 * The newest events of a run that somebody in this process follows, and the word that there are more. What is too far back
 * is in the database.
 */
export class RunFeed {
  /** How many follow. */
  readers = 0;
  /** Whether others tell this process when they write. */
  isTold = false;
  /** How often somebody else wrote, or may have. */
  #doubts = 0;
  #isCurrent = false;
  #id: number | undefined;
  #recent: string[] = [];
  #characters = 0;
  #count = 0;
  #ended = false;
  #failure: Error | undefined;
  #change = Promise.withResolvers<void>();

  /** How many events there are, as far as is known here. */
  get count(): number {
    return this.#count;
  }

  /** Whether all that is known here is all that there is. */
  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  /** Whether it is of no use any more: the run was deleted. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether no more will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Take it along when you look at the log, and hand it to `learn`. */
  get doubts(): number {
    return this.#doubts;
  }

  /** Resolves with the next news. Ask before you look at anything else, so that none is missed. */
  get change(): Promise<void> {
    return this.#change.promise;
  }

  /** The events from this number on that are here; none when they are too far back or still to come. */
  take(from: number): readonly string[] {
    if (this.#failure !== undefined) throw this.#failure;
    const index = from - (this.#count - this.#recent.length);
    return index < 0 ? [] : this.#recent.slice(index);
  }

  /** Events that stand in the log by now. */
  add(id: number, first: number, events: readonly string[]): void {
    if (!this.#isOf(id)) return;
    const known = this.#count - first;
    if (known < 0) this.#drop(first);
    for (const event of known > 0 ? events.slice(known) : events) {
      this.#recent.push(event);
      this.#characters += event.length;
      this.#count++;
    }
    if (this.#recent.length > mostEvents || this.#characters > mostCharacters) this.#forgetOldest();
    this.#tell();
  }

  /** No more will come. */
  end(id: number): void {
    if (!this.#isOf(id)) return;
    this.#ended = true;
    this.#tell();
  }

  /** What a look has found that began when there were so many doubts. */
  learn({ id, eventCount, ended }: RunSight, doubts: number): void {
    if (!this.#isOf(id)) return;
    if (eventCount > this.#count) this.#drop(eventCount);
    this.#isCurrent = doubts === this.#doubts;
    if (ended && !this.#ended) this.end(id);
  }

  /** Somebody else wrote, or may have: who comes now must look. Those who wait are woken by what comes of it. */
  doubt(): void {
    this.#doubts++;
    this.#isCurrent = false;
  }

  /** Everybody must look. */
  doubtAloud(): void {
    this.doubt();
    this.#tell();
  }

  /** Every reader is rejected with this. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#tell();
  }

  /** Another run may have taken its place. */
  #isOf(id: number): boolean {
    this.#id ??= id;
    if (this.#id !== id) this.fail(new RuntimeError("not_found", "There is no such run."));
    return this.#id === id;
  }

  #drop(count: number): void {
    this.#recent = [];
    this.#characters = 0;
    this.#count = count;
  }

  #forgetOldest(): void {
    let kept = 0;
    let characters = 0;
    for (const { length } of this.#recent.toReversed()) {
      if (kept === mostEvents / 2 || characters + length > mostCharacters / 2) break;
      kept++;
      characters += length;
    }
    this.#recent = kept === 0 ? [] : this.#recent.slice(-kept);
    this.#characters = characters;
  }

  #tell(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
