import type { MemoryScope } from "@agentscope-runtime/services";
import { encodeId } from "./encode-id.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { shardOf } from "./shard.ts";

/** Where memories are kept: `memory-scripts.ts` says what is in it. */
export class MemoryKeys {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  memory(userId: string, id: string): string {
    return this.#key(userId, "memory", userId, id);
  }

  sizes(userId: string): string {
    return this.#key(userId, "sizes", userId);
  }

  vectors(userId: string): string {
    return this.#key(userId, "vectors", userId);
  }

  expiring(shard: string): string {
    return this.#connection.key(["memories", shard], "expiring");
  }

  /** The ids of a scope by age. */
  ids({ userId, sessionId }: MemoryScope): string {
    return this.#key(userId, "ids", userId, ...(sessionId === undefined ? [] : [sessionId]));
  }

  /** The words of a scope. */
  index({ userId, sessionId }: MemoryScope): string {
    return this.#key(userId, "index", userId, ...(sessionId === undefined ? [] : [sessionId]));
  }

  /** The ids and the index of every scope that a memory is in. */
  scopes({ userId, sessionId }: MemoryScope): string[] {
    const all = [this.ids({ userId }), this.index({ userId })];
    return sessionId === undefined ? all : [...all, this.ids({ userId, sessionId }), this.index({ userId, sessionId })];
  }

  /** What a scope is called in `sizes`. */
  sizeOf({ sessionId }: MemoryScope): string {
    return sessionId === undefined ? "all" : `s:${encodeId(sessionId)}`;
  }

  #key(userId: string, ...parts: readonly string[]): string {
    return this.#connection.key(["memories", shardOf(userId)], ...parts);
  }
}
