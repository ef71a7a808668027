import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CallOptions } from "@agentscope-runtime/services";
import type { AgentCard } from "./agent-card.ts";
import type { Registry } from "./registry.ts";

export interface FileRegistryOptions {
  /** One JSON file for each agent and version, and `index.json` that lists them: for any web server to serve. */
  readonly directory: string;
}

/** A registry without a server: a directory of cards. Several processes may share it. */
export class FileRegistry implements Registry {
  readonly name: string;
  readonly #directory: string;

  constructor({ directory }: FileRegistryOptions) {
    this.name = `directory ${directory}`;
    this.#directory = directory;
  }

  async register(card: AgentCard, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await mkdir(this.#directory, { recursive: true });
    await this.#write(fileOf(card), card);
    await this.#list();
  }

  async deregister(card: AgentCard, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await mkdir(this.#directory, { recursive: true });
    await rm(join(this.#directory, fileOf(card)), { force: true });
    await this.#list();
  }

  /** Whoever wrote last looks again whether it was right, so that of several at once none is forgotten. */
  async #list(): Promise<void> {
    let written: string | undefined;
    for (let cards = await this.#cards(); JSON.stringify(cards) !== written; cards = await this.#cards()) {
      await this.#write("index.json", { cards });
      written = JSON.stringify(cards);
    }
  }

  async #cards(): Promise<readonly string[]> {
    return (await readdir(this.#directory)).filter((file) => file.endsWith(suffix)).toSorted();
  }

  /** In one step: nobody ever reads half a file. */
  async #write(file: string, value: unknown): Promise<void> {
    const temporary = join(this.#directory, `.${crypto.randomUUID()}.tmp`);
    await writeFile(temporary, JSON.stringify(value, undefined, 2));
    await rename(temporary, join(this.#directory, file));
  }
}

const suffix = ".card.json";

/** Whatever the names are, they stay below the directory, and two never become one. */
function fileOf({ name, version }: AgentCard): string {
  return `${encodeURIComponent(name).replaceAll(".", "%2E")}@${encodeURIComponent(version)}${suffix}`;
}
