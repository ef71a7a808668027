/** Work that must be done now and then, that nobody waits for, and that may fail: then it is done the next time. */
export class Chore implements AsyncDisposable {
  readonly #work: () => Promise<unknown>;
  readonly #everyMs: number;
  #nextAt = 0;
  #doing: Promise<void> | undefined;
  #over = false;

  constructor(work: () => Promise<unknown>, everyMs: number) {
    this.#work = work;
    this.#everyMs = everyMs;
  }

  /** Does it in the background, unless that was done not long ago. */
  doIfDue(): void {
    if (this.#over || this.#doing !== undefined || performance.now() < this.#nextAt) return;
    this.#doing = this.#do();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#doing;
  }

  async #do(): Promise<void> {
    try {
      await this.#work();
    } catch {
      // The next time.
    }
    this.#nextAt = performance.now() + this.#everyMs;
    this.#doing = undefined;
  }
}
