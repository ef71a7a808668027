import type { CallOptions } from "./call-options.ts";
import { Embedder } from "./embedder.ts";
import type { EmbedderOptions } from "./embedder.ts";
import { Lifetime } from "./lifetime.ts";
import type {
  FoundMemory,
  Memory,
  MemoryScope,
  MemorySearchOptions,
  MemoryService,
  NewMemory,
} from "./memory-service.ts";
import type { StoredMemory } from "./memory-shelf.ts";
import { pageOf } from "./page-of.ts";
import type { Page, PageOptions } from "./page.ts";
import { parseLimit } from "./parse-limit.ts";
import { parseTtl } from "./parse-ttl.ts";
import { UserMemories } from "./user-memories.ts";
import { countWords } from "./word-index.ts";
import { words } from "./words.ts";

export interface InProcessMemoryOptions extends EmbedderOptions {
  /** Milliseconds since 1970. `Date.now` by default. */
  readonly now?: () => number;
}

/**
 * Memories in this process's memory: they end with it, and nothing limits how many they are. What has expired is
 * dropped the next time its user's memories are used.
 *
 * Words are ranked by BM25. With an embedder the two rankings, by words and by meaning, are fused.
 */
export class InProcessMemory implements MemoryService {
  readonly #lifetime = new Lifetime("InProcessMemory");
  readonly #embedder: Embedder;
  readonly #now: () => number;
  readonly #users = new Map<string, UserMemories>();
  #lastNumber = 0;

  constructor({ now = Date.now, ...options }: InProcessMemoryOptions = {}) {
    this.#embedder = new Embedder(options, this.#lifetime);
    this.#now = now;
  }

  async add(
    { userId, sessionId }: MemoryScope,
    memories: readonly NewMemory[],
    options?: CallOptions,
  ): Promise<readonly Memory[]> {
    this.#lifetime.assertOpen(options);
    const drafts = memories.map(toDraft);
    const texts = drafts.map(({ text }) => text);
    const vectors = await this.#embedder.vectors(texts, options);
    if (drafts.length === 0) return [];

    const createdAt = this.#now();
    const user = this.#user(userId) ?? new UserMemories();
    this.#users.set(userId, user);
    return drafts.map(({ ttlMs, ...draft }, index) => {
      const stored: StoredMemory = {
        ...draft,
        id: `mem_${crypto.randomUUID()}`,
        number: ++this.#lastNumber,
        userId,
        sessionId,
        vector: vectors[index],
        createdAt,
        expiresAt: ttlMs === undefined ? undefined : createdAt + ttlMs,
      };
      user.put(stored);
      return toMemory(stored);
    });
  }

  async search(
    { userId, sessionId }: MemoryScope,
    query: string,
    options?: MemorySearchOptions,
  ): Promise<readonly FoundMemory[]> {
    this.#lifetime.assertOpen(options);
    const limit = parseLimit(options?.limit, 10);
    if (query.trim() === "") return [];
    const [vector] = await this.#embedder.vectors([query], options);
    const shelf = this.#user(userId)?.shelf(sessionId);
    const { minSimilarity } = this.#embedder;
    const found = shelf?.search({ words: countWords(words(query)), vector, minSimilarity }) ?? [];
    return found.slice(0, limit).map(([stored, score]) => ({ ...toMemory(stored), score }));
  }

  async list({ userId, sessionId }: MemoryScope, options?: PageOptions): Promise<Page<Memory>> {
    this.#lifetime.assertOpen(options);
    const shelf = this.#user(userId)?.shelf(sessionId);
    return pageOf(
      { scope: ["memories", userId, sessionId], newest: (before) => shelf?.newest(before) ?? [], toItem: toMemory },
      options,
    );
  }

  async delete({ userId, sessionId }: MemoryScope, ids?: readonly string[], options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const user = this.#user(userId);
    const shelf = user?.shelf(sessionId);
    const unwanted = ids === undefined ? shelf?.all() : ids.map((id) => shelf?.get(id));
    for (const memory of new Set(unwanted)) if (memory !== undefined) user?.remove(memory);
    if (user?.isEmpty === true) this.#users.delete(userId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    this.#users.clear();
  }

  /** The user's memories without those that have expired. */
  #user(userId: string): UserMemories | undefined {
    const user = this.#users.get(userId);
    user?.expire(this.#now());
    if (user?.isEmpty !== true) return user;
    this.#users.delete(userId);
    return undefined;
  }
}

type Draft = Pick<StoredMemory, "text" | "words" | "length" | "metadata"> & Pick<NewMemory, "ttlMs">;

function toDraft({ text, metadata = {}, ttlMs }: NewMemory): Draft {
  const found = words(text);
  return {
    text,
    words: countWords(found),
    length: found.length,
    metadata: JSON.stringify(metadata),
    ...(ttlMs === undefined ? {} : { ttlMs: parseTtl(ttlMs) }),
  };
}

function toMemory({ id, userId, sessionId, text, metadata, createdAt, expiresAt }: StoredMemory): Memory {
  return {
    id,
    userId,
    sessionId,
    text,
    metadata: JSON.parse(metadata) as Memory["metadata"], // Our own text of one.
    createdAt,
    expiresAt,
  };
}
