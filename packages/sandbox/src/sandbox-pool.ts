import type { OwnedSandbox } from "./sandbox.ts";

export interface SandboxPoolOptions {
  /** How many are kept ready. */
  readonly size: number;
  /** Makes one. What it throws is told to `onError`, and the pool is filled again at the next `take`. */
  readonly create: () => Promise<OwnedSandbox>;
  readonly onError: (thrown: unknown) => void;
}

/** Sandboxes of one kind that are ready before anybody asks. What was taken never comes back: nobody gets what another has used. */
export class SandboxPool implements AsyncDisposable {
  readonly #options: SandboxPoolOptions;
  readonly #ready = new Set<OwnedSandbox>();
  readonly #filling = new Set<Promise<void>>();
  #closed = false;

  constructor(options: SandboxPoolOptions) {
    this.#options = options;
    this.#fill();
  }

  /** One that is ready, or undefined; another is made in its place. */
  take(): OwnedSandbox | undefined {
    const [sandbox] = this.#ready;
    if (sandbox !== undefined) this.#ready.delete(sandbox);
    this.#fill();
    return sandbox;
  }

  /** Resolves when the pool is as full as it gets. */
  async filled(): Promise<void> {
    while (this.#filling.size > 0) await Promise.all(this.#filling);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.filled();
    await Promise.all([...this.#ready].map((sandbox) => sandbox[Symbol.asyncDispose]()));
  }

  #fill(): void {
    while (!this.#closed && this.#ready.size + this.#filling.size < this.#options.size) {
      const making = this.#make().finally(() => this.#filling.delete(making));
      this.#filling.add(making);
    }
  }

  async #make(): Promise<void> {
    try {
      const sandbox = await this.#options.create();
      this.#ready.add(sandbox);
      // One that ends while it waits is replaced.
      void sandbox.ended.then(() => {
        if (this.#ready.delete(sandbox)) this.#fill();
      });
      if (this.#closed) await sandbox[Symbol.asyncDispose]();
    } catch (thrown) {
      this.#options.onError(thrown);
    }
  }
}
