import type { StateKey, StateService } from "@agentscope-runtime/services";

/** How many entries are fetched at once. */
const pageSize = 20;

/**
 * Uses the versions of one state as a log: an entry is added by saving it, which no other entry can come between, and nothing
 * that was there is read or written again.
 */
export class StateLog<Entry> {
  readonly #state: StateService;
  readonly #key: StateKey;

  constructor(state: StateService, key: StateKey) {
    this.#state = state;
    this.#key = key;
  }

  /** The number of the entry, from 1. */
  async append(entry: Entry): Promise<number> {
    return (await this.#state.save(this.#key, entry)).version;
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#state.history(this.#key, { limit: 1 })).items.length === 0;
  }

  /** Newest first. The first one costs one call, whatever the log's length. */
  async *newestFirst(): AsyncGenerator<Entry> {
    const newest = await this.#state.load(this.#key);
    if (newest === undefined) return;
    yield newest.state as Entry; // Only `append` writes there.
    if (newest.version === 1) return;
    let cursor: string | undefined;
    do {
      const page = await this.#state.history(this.#key, { limit: pageSize, cursor });
      const versions = page.items.filter(({ version }) => version < newest.version);
      const loaded = versions.map(async ({ version }) => this.#state.load(this.#key, { version }));
      for (const saved of await Promise.all(loaded)) if (saved !== undefined) yield saved.state as Entry;
      ({ cursor } = page);
    } while (cursor !== undefined);
  }

  async oldestFirst(): Promise<Entry[]> {
    return (await Array.fromAsync(this.newestFirst())).toReversed();
  }

  async delete(): Promise<void> {
    await this.#state.delete(this.#key);
  }
}
