import { LoadGenerator } from "./load-generator.ts";
import { ServerUnderTest } from "./server-under-test.ts";
import type { ServerName } from "./server-under-test.ts";

export interface StageOptions {
  /** Ends every process and rejects what is waited for. */
  readonly signal?: AbortSignal;
  /** Where every server leaves a CPU profile when it ends. Default: none is made. */
  readonly profileDirectory?: string | undefined;
  /** Is told, in a line, what is going on. Default: nobody. */
  readonly onProgress?: (line: string) => void;
}

/** Starts the processes of a benchmark and ends all of them, whatever happens. */
export class Stage implements AsyncDisposable {
  readonly signal: AbortSignal;
  readonly #profileDirectory: string | undefined;
  readonly #onProgress: ((line: string) => void) | undefined;
  readonly #open = new Set<AsyncDisposable>();

  constructor({ signal = new AbortController().signal, profileDirectory, onProgress }: StageOptions = {}) {
    this.signal = signal;
    this.#profileDirectory = profileDirectory;
    this.#onProgress = onProgress;
  }

  progress(line: string): void {
    this.#onProgress?.(line);
  }

  startLoad(): LoadGenerator {
    return this.#keep(new LoadGenerator({ signal: this.signal }));
  }

  async startServer(name: ServerName): Promise<ServerUnderTest> {
    const options = { profileDirectory: this.#profileDirectory, signal: this.signal };
    return this.#keep(await ServerUnderTest.start(name, options));
  }

  /** Ends one of them before the rest. */
  async end(resource: AsyncDisposable): Promise<void> {
    this.#open.delete(resource);
    await resource[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#open, async (resource) => this.end(resource)));
  }

  #keep<T extends AsyncDisposable>(resource: T): T {
    this.#open.add(resource);
    return resource;
  }
}
