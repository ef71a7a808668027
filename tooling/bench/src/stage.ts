import { startPostgres, startRedis } from "@agentscope-runtime-tooling/services";
import type { TestServer } from "@agentscope-runtime-tooling/services";
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
  readonly #stores = new Map<string, TestServer>();

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
    const store = await this.#storeOf(name);
    const options = { profileDirectory: this.#profileDirectory, signal: this.signal, store };
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

  /** The URL of a server that is started once, when it is first needed. */
  async startStore(kind: "postgres" | "redis"): Promise<string> {
    const known = this.#stores.get(kind);
    if (known !== undefined) return known.url;
    const server = this.#keep(await (kind === "postgres" ? startPostgres() : startRedis()));
    this.#stores.set(kind, server);
    return server.url;
  }

  async #storeOf(name: ServerName): Promise<string | undefined> {
    if (name === "history") return "memory";
    return name === "postgres" || name === "redis" ? this.startStore(name) : undefined;
  }

  #keep<T extends AsyncDisposable>(resource: T): T {
    this.#open.add(resource);
    return resource;
  }
}
