import type { Subscriber } from "./subscriber.ts";

/** Who follows a run. */
export interface FeedReader {
  /** There may be more. */
  wake(): void;
  fail(thrown: unknown): void;
}

/** How far a run has come. */
export interface RunProgress {
  readonly count: number;
  /** Whether there will be no more events. */
  readonly ended: boolean;
}

/** What a write of this process has added. */
export interface RunAddition {
  readonly place: string;
  readonly first: number;
  readonly events: readonly string[];
  readonly ended: boolean;
}

export interface RunFeedOptions {
  readonly subscriber: Subscriber;
  readonly channel: string;
  /** Tells the run from a later one of the same id. */
  readonly place: string;
  /** What its readers get when it is deleted. */
  readonly gone: () => unknown;
}

/**
 * What is known in this process of a run that somebody here follows. Redis tells that there is more, not what: the readers
 * look, once for all who stand at the same event. What this process has written itself they need not look for.
 */
export class RunFeed {
  readonly place: string;
  readonly readers = new Set<FeedReader>();
  readonly #gone: () => unknown;
  readonly #listening: Promise<() => void>;
  readonly #looks = new Map<string, Promise<unknown>>();
  #added: Pick<RunAddition, "first" | "events"> = { first: 0, events: [] };
  #known: RunProgress = { count: 0, ended: false };
  #heard: RunProgress = { count: 0, ended: false };
  #writes = 0;
  #version = 0;

  constructor({ subscriber, channel, place, gone }: RunFeedOptions) {
    this.place = place;
    this.#gone = gone;
    this.#listening = subscriber.listen(channel, {
      onMessage: (message) => {
        this.#hear(message);
      },
      onGap: () => {
        this.#wake();
      },
    });
    this.#listening.catch(() => undefined); // Whoever waits for it learns of it.
  }

  /** Changes whenever somebody who found nothing should look again. */
  get version(): number {
    return this.#version;
  }

  get progress(): RunProgress {
    return this.#known;
  }

  /** Resolves when it hears of all that is written from then on. */
  async listen(): Promise<void> {
    await this.#listening;
  }

  close(): void {
    this.#listening.then(
      (stop) => {
        stop();
      },
      () => undefined,
    );
  }

  failAll(): void {
    for (const reader of this.readers) reader.fail(this.#gone());
  }

  /** The events from this number on, if this process has just added them. */
  added(next: number): readonly string[] {
    const { first, events } = this.#added;
    return next >= first ? events.slice(next - first) : [];
  }

  /** One look at what follows this event serves all who want it, until there is news. */
  share<T>(next: number, look: () => Promise<T>): Promise<T> {
    const name = `${this.#version}:${next}`;
    const shared = this.#looks.get(name) as Promise<T> | undefined; // There is but one kind of look.
    if (shared !== undefined) return shared;
    const started = look().finally(() => this.#looks.delete(name));
    this.#looks.set(name, started);
    return started;
  }

  learn({ count, ended }: RunProgress): void {
    const { count: knownCount, ended: knownEnded } = this.#known;
    if (count <= knownCount && (knownEnded || !ended)) return;
    this.#known = { count: Math.max(count, knownCount), ended: ended || knownEnded };
    this.#wake();
  }

  /** What is heard while a write of this process is under way can wait until it is done: it is mostly about that write. */
  beginWrite(): void {
    this.#writes++;
  }

  /** With what is in Redis now; without anything when the write failed or nobody knows. */
  endWrite(addition?: RunAddition): void {
    this.#writes--;
    if (addition?.place === this.place) {
      const { first, events, ended } = addition;
      this.#added = { first, events };
      this.learn({ count: first + events.length, ended });
    }
    this.learn(this.#heard);
  }

  #hear(message: string): void {
    if (message === "gone") {
      this.failAll();
      return;
    }
    const [count, end] = message.split(" ", 2);
    this.#heard = { count: Number(count), ended: end !== undefined };
    if (this.#writes === 0) this.learn(this.#heard);
  }

  #wake(): void {
    this.#version++;
    for (const reader of this.readers) reader.wake();
  }
}
