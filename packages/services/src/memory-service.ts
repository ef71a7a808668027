import type { CallOptions } from "./call-options.ts";
import type { Page, PageOptions } from "./page.ts";

export interface MemoryScope {
  readonly userId: string;
  /** Only what belongs to this session. Left out: all of the user's memories, of any session and of none. */
  readonly sessionId?: string | undefined;
}

export interface NewMemory {
  /** What is remembered, in words: this is what search looks at. */
  readonly text: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Forgotten after this many milliseconds: a whole number above 0, or `invalid_argument`. Never by default. */
  readonly ttlMs?: number;
}

export interface Memory {
  readonly id: string;
  readonly userId: string;
  readonly sessionId: string | undefined;
  readonly text: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970; undefined when it stays. */
  readonly expiresAt: number | undefined;
}

export interface FoundMemory extends Memory {
  /** Above 0; higher is nearer. Comparable within one search only. */
  readonly score: number;
}

export interface MemorySearchOptions extends CallOptions {
  /** How many at the most, 1 to 1,000; anything else is `invalid_argument`. Default 10. */
  readonly limit?: number;
}

/** Turns texts into vectors of one length, in the same order. */
export type Embed = (texts: readonly string[], options?: CallOptions) => Promise<readonly (readonly number[])[]>;

/**
 * Remembers things about a user beyond one conversation. Once disposed, every call rejects with `unavailable`.
 * `memoryContract` in `./testing` is the full text of this contract.
 */
export interface MemoryService extends AsyncDisposable {
  /** Remembers all or none; the result is in the order given. A scope without a session belongs to the user alone. */
  add(scope: MemoryScope, memories: readonly NewMemory[], options?: CallOptions): Promise<readonly Memory[]>;

  /**
   * What matches the query, best first: by words, whatever their case and order, and by meaning where the service was
   * given an embedder. What has nothing in common with the query is not returned.
   */
  search(scope: MemoryScope, query: string, options?: MemorySearchOptions): Promise<readonly FoundMemory[]>;

  /** All of the scope, newest first; of one `add`, the last is the newest. */
  list(scope: MemoryScope, options?: PageOptions): Promise<Page<Memory>>;

  /**
   * Forgets these ids within the scope, or, without ids, the whole scope. Unknown ids are not an error, and an empty
   * list forgets nothing.
   */
  delete(scope: MemoryScope, ids?: readonly string[], options?: CallOptions): Promise<void>;
}
