import { Bell } from "./bell.ts";

export interface TaskCrewOptions<T> {
  /** How many at once. */
  readonly concurrency: number;
  /** How long the crew waits without being woken before it looks for what has become due. */
  readonly lookEveryMs: number;
  /** Takes as many as there are, up to this many. */
  readonly take: (limit: number) => Promise<readonly T[]>;
  /** Does one; it does not reject. */
  readonly attempt: (taken: T) => Promise<void>;
}

/** Takes and does tasks of one queue. Disposing waits for those under way. */
export class TaskCrew<T> implements AsyncDisposable {
  readonly #options: TaskCrewOptions<T>;
  readonly #bell = new Bell();
  readonly #underWay = new Set<Promise<void>>();
  readonly #working: Promise<void>;
  #over = false;

  constructor(options: TaskCrewOptions<T>) {
    this.#options = options;
    this.#working = this.#work();
  }

  /** There may be something to take. */
  wake(): void {
    this.#bell.ring();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    this.#bell.ring();
    await this.#working;
    await Promise.all(this.#underWay);
  }

  async #work(): Promise<void> {
    const { concurrency, lookEveryMs, take } = this.#options;
    while (!this.#over) {
      const free = concurrency - this.#underWay.size;
      try {
        if (free > 0) for (const taken of await take(free)) this.#begin(taken);
      } catch {
        // The store cannot be reached: the next look may succeed.
      }
      // Who has taken all that he could is woken when one of them is done.
      await this.#bell.wait(lookEveryMs);
    }
  }

  #begin(taken: T): void {
    const done = this.#options.attempt(taken).then(() => {
      this.#underWay.delete(done);
      this.#bell.ring();
    });
    this.#underWay.add(done);
  }
}
