import { product, words } from "@agentscope-runtime/services";
import type { MemoryScope } from "@agentscope-runtime/services";
import type { MemoryKeys } from "./memory-keys.ts";
import { bestFirst, fuseRankings, rankByWords } from "./memory-ranking.ts";
import type { Candidate, Posting } from "./memory-ranking.ts";
import { newestFirst } from "./newest-first.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { fromVectorText } from "./vector-text.ts";

export interface MemoryQuery {
  readonly text: string;
  /** Of length 1. Undefined: by words alone. */
  readonly vector: Float32Array | undefined;
  readonly minSimilarity: number;
}

/** So many words are asked for, and vectors compared, at once. */
const mostAtOnce = 200;

/** Ranks the memories of a scope, best first. */
export class MemorySearch {
  readonly #connection: RedisConnection;
  readonly #keys: MemoryKeys;

  constructor(connection: RedisConnection, keys: MemoryKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async rank(scope: MemoryScope, query: MemoryQuery, signal?: AbortSignal): Promise<readonly Candidate[]> {
    const { text, vector, minSimilarity } = query;
    const byWords = await this.#byWords(scope, [...new Set(words(text))], signal);
    if (vector === undefined) return byWords;
    const near: Candidate[] = [];
    for await (const candidate of this.#compared(scope, vector, signal)) {
      if (candidate.score > 0 && candidate.score >= minSimilarity) near.push(candidate);
    }
    return fuseRankings([byWords, bestFirst(near)]);
  }

  async #byWords(scope: MemoryScope, wanted: readonly string[], signal?: AbortSignal): Promise<Candidate[]> {
    const index = this.#keys.index(scope);
    const postings: Posting[][] = [];
    for (let at = 0; at < wanted.length; at += mostAtOnce) {
      const some = wanted.slice(at, at + mostAtOnce);
      const ranges = some.map((word) =>
        this.#connection.command(["ZRANGEBYLEX", index, `[${word}:`, `(${word};`], signal),
      );
      const found = (await Promise.all(ranges)) as readonly (readonly string[])[]; // By the protocol of Redis.
      postings.push(...found.map((members) => members.map(toPosting)));
    }
    if (postings.every((found) => found.length === 0)) return [];
    const [size, length] = await Promise.all([
      this.#connection.command(["ZCARD", this.#keys.ids(scope)], signal),
      this.#connection.command(["HGET", this.#keys.sizes(scope.userId), this.#keys.sizeOf(scope)], signal),
    ]);
    return rankByWords(postings, { size: Number(size), length: Number(length) });
  }

  async *#compared(scope: MemoryScope, vector: Float32Array, signal?: AbortSignal): AsyncGenerator<Candidate> {
    const ids = this.#keys.ids(scope);
    const vectors = this.#keys.vectors(scope.userId);
    for (let before: string | undefined; ;) {
      const some = await newestFirst(this.#connection, ids, { before, most: mostAtOnce, signal });
      if (some.length === 0) return;
      const names = some.map(({ member }) => member);
      const texts = await this.#connection.command(["HMGET", vectors, ...names], signal);
      for (const [index, text] of (texts as readonly (string | null)[]).entries()) {
        const { member: id, place } = some[index] ?? { member: "", place: "" };
        if (text !== null) yield { id, place, score: product(fromVectorText(text), vector) };
      }
      before = some.at(-1)?.place;
    }
  }
}

/** A member of an index: the word, and then this. */
function toPosting(member: string): Posting {
  const [, place = "", id = "", count, length] = member.split(":");
  return { id, place, count: Number(count), length: Number(length) };
}
