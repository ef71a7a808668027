import { RuntimeError } from "@agentscope-runtime/protocol";
import { Lifetime, toJsonText } from "@agentscope-runtime/services";
import type {
  CallOptions,
  LoadOptions,
  Page,
  PageOptions,
  SavedState,
  SavedVersion,
  SaveOptions,
  StateKey,
  StateService,
} from "@agentscope-runtime/services";
import type { Database } from "./database.ts";
import { PageRequest } from "./page-request.ts";
import type { Positioned } from "./page-request.ts";
import { statement } from "./statement.ts";
import { toKey } from "./to-key.ts";
import { toText } from "./to-text.ts";

export interface PostgresStateOptions {
  /** Yours: it is not closed. */
  readonly database: Database;
}

interface SaveRow {
  /** Null when a save came between. */
  readonly saved: number | null;
  readonly saved_ms: number;
  readonly actual: number;
}

interface VersionRow extends Positioned {
  readonly saved_at: number;
}

interface StateRow extends VersionRow {
  readonly body: string;
}

/** State, a row for each version. Every version is kept until it is deleted. */
export class PostgresState implements StateService {
  readonly #lifetime = new Lifetime("PostgresState");
  readonly #database: Database;
  readonly #statements: ReturnType<typeof statementsOf>;

  constructor({ database }: PostgresStateOptions) {
    this.#database = database;
    this.#statements = statementsOf(database.quotedSchema);
  }

  save(key: StateKey, state: unknown, options?: SaveOptions): Promise<SavedVersion> {
    return this.#lifetime.call(options, async () => {
      const text = toJsonText(state, "state");
      const expectedVersion = options?.expectedVersion;
      const ids = [keyOf(key), toText(key.userId), toText(key.sessionId), toText(key.name)];
      const values = [...ids, text, expectedVersion ?? null];
      const [row] = await this.#database.query<SaveRow>(this.#statements.save, values, options);
      if (row !== undefined && row.saved !== null) return { version: row.saved, savedAt: row.saved_ms };
      throw new RuntimeError("conflict", "Another save came between.", {
        details: { expectedVersion, actualVersion: row?.actual },
      });
    });
  }

  load(key: StateKey, options?: LoadOptions): Promise<SavedState | undefined> {
    return this.#lifetime.call(options, async () => {
      const version = options?.version ?? null;
      const values = [keyOf(key), version === null || isVersion(version) ? version : 0];
      const [row] = await this.#database.query<StateRow>(this.#statements.load, values, options);
      return row && { version: row.position, savedAt: row.saved_at, state: JSON.parse(row.body) as unknown };
    });
  }

  history(key: StateKey, options?: PageOptions): Promise<Page<SavedVersion>> {
    return this.#lifetime.call(options, async () => {
      const page = new PageRequest(["versions", key.userId, key.sessionId, key.name], options);
      const values = [keyOf(key), page.position ?? greatestVersion, page.rowLimit];
      const rows = await this.#database.query<VersionRow>(this.#statements.history, values, options);
      return page.toPage(rows, ({ position, saved_at }) => ({ version: position, savedAt: saved_at }));
    });
  }

  delete(key: StateKey, options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      await this.#database.query(this.#statements.delete, [keyOf(key)], options);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
  }
}

const greatestVersion = 2 ** 31 - 1;

function isVersion(version: number): boolean {
  return Number.isInteger(version) && version > 0 && version <= greatestVersion;
}

function keyOf({ userId, sessionId, name }: StateKey): Buffer {
  return toKey(userId, sessionId, name);
}

function statementsOf(schema: string) {
  const versions = `${schema}.state_version where state = (select id from ${schema}.state where key = $1)`;
  return {
    save: statement(`
      select saved, saved_ms::float8, actual
      from ${schema}.save_state($1, $2, $3, $4, $5, $6::float8)`),
    load: statement(`
      select version as position, saved_at::float8, body
      from ${versions} and version = coalesce($2::int, (select version from ${schema}.state where key = $1))`),
    history: statement(`
      select version as position, saved_at::float8
      from ${versions} and version < $2::int
      order by version desc limit $3::int`),
    delete: statement(`select ${schema}.delete_state($1)::text`),
  };
}
