import { createHash, randomUUID } from "node:crypto";
import { Embedder, Lifetime, parseLimit, parseTtl, words } from "@agentscope-runtime/services";
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
import { Chore } from "./chore.ts";
import type { Database } from "./database.ts";
import { memoryStatements, plainNearness, vectorNearness } from "./memory-statements.ts";
import type { FoundRow, MemoryRow, MemoryStatements, ScopeStatements } from "./memory-statements.ts";
import { PageRequest } from "./page-request.ts";
import { statement } from "./statement.ts";
import { toKey } from "./to-key.ts";
import { fromText, pieceSeparator, toText } from "./to-text.ts";
import { toVectorText } from "./vector-text.ts";

export interface PostgresMemoryOptions extends EmbedderOptions {
  /** Yours: it is not closed. */
  readonly database: Database;
}

interface AddedRow {
  readonly created_at: number;
  readonly expires_at: number | null;
}

interface Draft {
  readonly id: string;
  readonly text: string;
  readonly metadata: string;
  readonly ttlMs: number | undefined;
  /** Texts of a `tsvector` each. */
  readonly words: readonly string[];
}

/** How often what has expired is removed, and how many at a time. Until then it is not given to anybody. */
const forgetEveryMs = 60_000;
const forgottenAtOnce = 1000;

/**
 * Memories in a table, with their words as Postgres' full text.
 *
 * Texts are ranked by `ts_rank` for each word, and rare words count more. With an embedder the two rankings, by words and by
 * meaning, are fused; vectors are compared with all of the scope's, by pgvector where the database has it when the first
 * call needs it.
 */
export class PostgresMemory implements MemoryService {
  readonly #lifetime = new Lifetime("PostgresMemory");
  readonly #database: Database;
  readonly #embedder: Embedder;
  readonly #forgetting: Chore;
  #preparing: Promise<MemoryStatements> | undefined;

  constructor({ database, ...options }: PostgresMemoryOptions) {
    this.#database = database;
    this.#embedder = new Embedder(options, this.#lifetime);
    this.#forgetting = new Chore(async () => {
      const { forget } = await this.#statements();
      await database.query(forget, [forgottenAtOnce]);
    }, forgetEveryMs);
  }

  add(scope: MemoryScope, memories: readonly NewMemory[], options?: CallOptions): Promise<readonly Memory[]> {
    return this.#lifetime.call(options, async () => {
      const drafts = memories.map(toDraft);
      const vectors = await this.#vectors(
        drafts.map(({ text }) => text),
        options,
      );
      if (drafts.length === 0) return [];
      const { add } = await this.#statements();
      const rows = await this.#database.query<AddedRow>(add, toValues(scope, drafts, vectors), options);
      this.#forgetting.doIfDue();
      return drafts.map((draft, index) => toMemory(scope, draft, rows[index]));
    });
  }

  search(scope: MemoryScope, query: string, options?: MemorySearchOptions): Promise<readonly FoundMemory[]> {
    return this.#lifetime.call(options, async () => {
      const limit = parseLimit(options?.limit, 10);
      if (query.trim() === "") return [];
      const { search, searchBoth } = await this.#scoped(scope);
      const values = [...keysOf(scope), [...new Set(words(query).map(toTerm))], limit];
      const [vector] = await this.#vectors([query], options);
      const rows = await (vector === undefined
        ? this.#database.query<FoundRow>(search, values, options)
        : this.#database.query<FoundRow>(searchBoth, [...values, vector, this.#embedder.minSimilarity], options));
      return rows.map((row) => ({ ...fromRow(row), score: row.score }));
    });
  }

  list(scope: MemoryScope, options?: PageOptions): Promise<Page<Memory>> {
    return this.#lifetime.call(options, async () => {
      const page = new PageRequest(["memories", scope.userId, scope.sessionId], options);
      const { list } = await this.#scoped(scope);
      const values = [...keysOf(scope), page.position ?? Number.MAX_SAFE_INTEGER, page.rowLimit];
      return page.toPage(await this.#database.query<MemoryRow>(list, values, options), fromRow);
    });
  }

  delete(scope: MemoryScope, ids?: readonly string[], options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      const statements = await this.#scoped(scope);
      await this.#database.query(statements.delete, [...keysOf(scope), ids?.map(toText) ?? null], options);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    await this.#forgetting[Symbol.asyncDispose]();
  }

  async #scoped({ sessionId }: MemoryScope): Promise<ScopeStatements> {
    const { user, session } = await this.#statements();
    return sessionId === undefined ? user : session;
  }

  #statements(): Promise<MemoryStatements> {
    this.#preparing ??= this.#prepare().catch((thrown: unknown) => {
      this.#preparing = undefined; // The next one tries again.
      throw thrown;
    });
    return this.#preparing;
  }

  /** Vectors are compared by the extension where it is. */
  async #prepare(): Promise<MemoryStatements> {
    const { quotedSchema } = this.#database;
    if (!this.#embedder.isThere) return memoryStatements(quotedSchema, plainNearness);
    const [extension] = await this.#database.query<{ schema: string }>(
      statement(
        "select quote_ident(nspname) as schema from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'vector'",
      ),
      [],
    );
    return memoryStatements(quotedSchema, extension === undefined ? plainNearness : vectorNearness(extension.schema));
  }

  async #vectors(texts: readonly string[], options?: CallOptions): Promise<readonly string[]> {
    return (await this.#embedder.vectors(texts, options)).map(toVectorText);
  }
}

/** The longest word that is kept as it is: no index takes a word of any length. */
const longestTerm = 100;

function toTerm(word: string): string {
  if (word.length <= longestTerm) return word;
  return `#${createHash("sha256").update(word).digest("base64url")}`; // No word begins with it.
}

/** So many words fit into a `tsvector`, however long they are. */
const mostWords = 2000;

function toDraft({ text, metadata = {}, ttlMs }: NewMemory): Draft {
  const terms = words(text).map(toTerm);
  const parts = Array.from({ length: Math.ceil(terms.length / mostWords) }, (_, part) =>
    terms.slice(part * mostWords, (part + 1) * mostWords),
  );
  return {
    id: `mem_${randomUUID()}`,
    text,
    metadata: JSON.stringify(metadata),
    ttlMs: ttlMs === undefined ? undefined : parseTtl(ttlMs),
    words: parts.map((part) => part.map((term, index) => `'${term}':${index + 1}`).join(" ")),
  };
}

function keysOf({ userId, sessionId }: MemoryScope): readonly unknown[] {
  return [toKey(userId), sessionId === undefined ? null : toKey(userId, sessionId)];
}

function toValues(scope: MemoryScope, drafts: readonly Draft[], vectors: readonly string[]): readonly unknown[] {
  const { userId, sessionId } = scope;
  const parts = drafts.flatMap((draft) => draft.words.map((part) => ({ id: draft.id, part })));
  return [
    ...keysOf(scope),
    toText(userId),
    sessionId === undefined ? null : toText(sessionId),
    drafts.map(({ id }) => id),
    drafts.map(({ text }) => toText(text)).join(pieceSeparator),
    drafts.map(({ metadata }) => metadata).join(pieceSeparator),
    drafts.map(({ ttlMs }) => ttlMs ?? null),
    vectors.length === 0 ? null : vectors.join(pieceSeparator),
    parts.map(({ id }) => id),
    parts.map(({ part }) => part).join(pieceSeparator),
  ];
}

function toMemory({ userId, sessionId }: MemoryScope, draft: Draft, row: AddedRow | undefined): Memory {
  return {
    id: draft.id,
    userId,
    sessionId,
    text: draft.text,
    metadata: JSON.parse(draft.metadata) as Memory["metadata"], // Our own text of one.
    createdAt: row?.created_at ?? 0,
    expiresAt: row?.expires_at ?? undefined,
  };
}

function fromRow(row: MemoryRow): Memory {
  return {
    id: row.memory_id,
    userId: fromText(row.user_id),
    sessionId: row.session_id === null ? undefined : fromText(row.session_id),
    text: fromText(row.body),
    metadata: JSON.parse(row.metadata) as Memory["metadata"], // Our own text of one.
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
  };
}
