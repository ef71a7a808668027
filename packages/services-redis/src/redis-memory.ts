import { Embedder, encodeCursor, Lifetime, parseCursor, parseLimit } from "@agentscope-runtime/services";
import type {
  CallOptions,
  EmbedderOptions,
  FoundMemory,
  Memory,
  MemoryScope,
  MemorySearchOptions,
  MemoryService,
  NewMemory,
  Page,
  PageOptions,
} from "@agentscope-runtime/services";
import { decodeId, encodeId } from "./encode-id.ts";
import { MemoryKeys } from "./memory-keys.ts";
import { toArguments, toDraft, toMemory } from "./memory-record.ts";
import { addMemories, expiredMemories, findMemories, forgetMemory } from "./memory-scripts.ts";
import { MemorySearch } from "./memory-search.ts";
import { newestFirst } from "./newest-first.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { shardOf } from "./shard.ts";

export interface RedisMemoryOptions extends EmbedderOptions {
  /** Yours: it is not closed. */
  readonly connection: RedisConnection;
}

/**
 * Memories in plain Redis, without modules. Words are ranked by BM25, looking only at memories that have one of them. With
 * an embedder the vectors of the whole scope are compared too, and the two rankings are fused.
 *
 * What has expired is not found any more. Its room is taken back, some at a time, when memories are added or expired ones
 * are met.
 */
export class RedisMemory implements MemoryService {
  readonly #lifetime = new Lifetime("RedisMemory");
  readonly #connection: RedisConnection;
  readonly #keys: MemoryKeys;
  readonly #search: MemorySearch;
  readonly #embedder: Embedder;

  constructor({ connection, ...options }: RedisMemoryOptions) {
    this.#connection = connection;
    this.#keys = new MemoryKeys(connection);
    this.#search = new MemorySearch(connection, this.#keys);
    this.#embedder = new Embedder(options, this.#lifetime);
  }

  async add(
    { userId, sessionId }: MemoryScope,
    memories: readonly NewMemory[],
    options?: CallOptions,
  ): Promise<readonly Memory[]> {
    this.#lifetime.assertOpen(options);
    const scope = { userId, sessionId };
    const drafts = memories.map((memory) => toDraft(scope, memory));
    const texts = drafts.map(({ text }) => text);
    const vectors = await this.#embedder.vectors(texts, options);
    if (drafts.length === 0) return [];

    const scopes = this.#keys.scopes(scope);
    const reply = await this.#connection.write(addMemories, {
      keys: [
        this.#keys.sizes(userId),
        this.#keys.expiring(shardOf(userId)),
        this.#keys.vectors(userId),
        ...scopes,
        ...drafts.map(({ id }) => this.#keys.memory(userId, id)),
      ],
      args: [
        encodeId(userId),
        sessionId === undefined ? "" : this.#keys.sizeOf(scope),
        scopes.length / 2,
        ...drafts.flatMap((draft, index) => toArguments(draft, vectors[index])),
      ],
      signal: options?.signal,
    });
    const [created, expired] = reply as readonly [string, readonly string[]]; // Our own script's.
    void this.#sweep(expired);
    const createdAt = Number(created);
    return drafts.map(({ facts, ttlMs }) =>
      toMemory(facts, createdAt, ttlMs === undefined ? undefined : createdAt + ttlMs),
    );
  }

  async search(scope: MemoryScope, text: string, options?: MemorySearchOptions): Promise<readonly FoundMemory[]> {
    this.#lifetime.assertOpen(options);
    const limit = parseLimit(options?.limit, 10);
    if (text.trim() === "") return [];
    const [vector] = await this.#embedder.vectors([text], options);
    const query = { text, vector, minSimilarity: this.#embedder.minSimilarity };
    const ranking = await this.#search.rank(scope, query, options?.signal);
    const found: FoundMemory[] = [];
    // Some may have expired or been forgotten meanwhile: then those behind them move up.
    for (let at = 0; at < ranking.length && found.length < limit; at += limit) {
      const some = ranking.slice(at, at + limit);
      const ids = some.map(({ id }) => id);
      const memories = await this.#memories(scope.userId, ids, options);
      for (const [index, { score }] of some.entries()) {
        const memory = memories[index];
        if (memory !== undefined) found.push({ ...memory, score });
      }
    }
    return found.slice(0, limit);
  }

  async list({ userId, sessionId }: MemoryScope, options?: PageOptions): Promise<Page<Memory>> {
    this.#lifetime.assertOpen(options);
    const limit = parseLimit(options?.limit);
    const scope = ["memories", userId, sessionId];
    const key = this.#keys.ids({ userId, sessionId });
    let before = options?.cursor === undefined ? undefined : parseCursor(scope, options.cursor);
    const found: { readonly memory: Memory; readonly place: string }[] = [];
    // One more than asked for tells whether there is another page.
    for (let most = limit + 1; most > 0; most = limit + 1 - found.length) {
      const some = await newestFirst(this.#connection, key, { before, most, signal: options?.signal });
      const ids = some.map(({ member }) => member);
      const memories = await this.#memories(userId, ids, options);
      for (const [index, { place }] of some.entries()) {
        const memory = memories[index];
        if (memory !== undefined) found.push({ memory, place });
      }
      if (some.length < most) break;
      before = some.at(-1)?.place;
    }
    const last = found.length > limit ? found[limit - 1] : undefined;
    return {
      items: found.slice(0, limit).map(({ memory }) => memory),
      cursor: last === undefined ? undefined : encodeCursor(scope, last.place),
    };
  }

  async delete(scope: MemoryScope, ids?: readonly string[], options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    if (ids !== undefined) {
      for (let at = 0; at < ids.length; at += mostAtOnce) {
        await this.#forget(scope, ids.slice(at, at + mostAtOnce), options?.signal);
      }
      return;
    }
    const key = this.#keys.ids(scope);
    for (let before: string | undefined; ;) {
      const some = await newestFirst(this.#connection, key, { before, most: mostAtOnce, signal: options?.signal });
      if (some.length === 0) return;
      const names = some.map(({ member }) => member);
      await this.#forget(scope, names, options?.signal);
      before = some.at(-1)?.place;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
  }

  /** Those that are there, each at the index of its id. */
  async #memories(
    userId: string,
    ids: readonly string[],
    options?: CallOptions,
  ): Promise<readonly (Memory | undefined)[]> {
    const rows = await this.#rows(userId, ids, options?.signal);
    if (rows.some((row) => row?.isOver === true)) void this.#sweepShard(shardOf(userId));
    return rows.map((row) => (row?.isOver === false ? row.memory : undefined));
  }

  async #rows(
    userId: string,
    ids: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly ({ readonly memory: Memory; readonly isOver: boolean } | undefined)[]> {
    if (ids.length === 0) return [];
    const keys = ids.map((id) => this.#keys.memory(userId, id));
    const [now, rows] = (await this.#connection.read(findMemories, { keys, signal })) as readonly [
      string,
      readonly (readonly (string | null)[])[],
    ]; // Our own script's.
    return rows.map(([facts, created, expires]) => {
      if (typeof facts !== "string") return undefined;
      const expiresAt = typeof expires === "string" ? Number(expires) : undefined;
      const memory = toMemory(facts, Number(created), expiresAt);
      return { memory, isOver: expiresAt !== undefined && expiresAt <= Number(now) };
    });
  }

  /** Those of the ids that are in the scope, whether they have expired or not. */
  async #forget({ userId, sessionId }: MemoryScope, ids: readonly string[], signal?: AbortSignal): Promise<void> {
    const rows = await this.#rows(userId, ids, signal);
    const unwanted = rows.filter((row) => sessionId === undefined || row?.memory.sessionId === sessionId);
    await Promise.all(
      unwanted.map(async (row) => {
        if (row === undefined) return;
        const { id } = row.memory;
        await this.#connection.write(forgetMemory, {
          keys: [
            this.#keys.memory(userId, id),
            this.#keys.sizes(userId),
            this.#keys.expiring(shardOf(userId)),
            this.#keys.vectors(userId),
            ...this.#keys.scopes(row.memory),
          ],
          args: [encodeId(userId), id],
          signal,
        });
      }),
    );
  }

  /** Forgets what a script has found to have expired: each is its user's and its own id. */
  async #sweep(expired: readonly string[]): Promise<void> {
    const forgetting = expired.map((member) => {
      const [user = "", id = ""] = member.split(":");
      return this.#forget({ userId: decodeId(user) }, [id]);
    });
    await Promise.allSettled(forgetting); // What is left is found again.
  }

  async #sweepShard(shard: string): Promise<void> {
    const call = { keys: [this.#keys.expiring(shard)], args: [mostAtOnce] };
    try {
      await this.#sweep((await this.#connection.read(expiredMemories, call)) as readonly string[]); // Our own script's.
    } catch {
      // Who meets them next tries again.
    }
  }
}

const mostAtOnce = 100;
