import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import { Lifetime } from "@agentscope-runtime/services";
import type {
  CallOptions,
  Page,
  PageOptions,
  SessionChanges,
  SessionHistoryService,
  SessionKey,
  SessionRecord,
} from "@agentscope-runtime/services";
import type { Database } from "./database.ts";
import { PageRequest } from "./page-request.ts";
import type { Positioned } from "./page-request.ts";
import { statement } from "./statement.ts";
import { toKey } from "./to-key.ts";
import { fromText, separator, toText } from "./to-text.ts";

export interface PostgresSessionHistoryOptions {
  /** Yours: it is not closed. */
  readonly database: Database;
}

interface SessionRow extends Positioned {
  readonly user_id: string;
  readonly session_id: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly message_count: number;
  readonly title: string | null;
  readonly metadata: string;
}

interface MessageRow extends Positioned {
  readonly body: string;
}

/** Conversations, a row for each message. What a call costs does not depend on how long they are. */
export class PostgresSessionHistory implements SessionHistoryService {
  readonly #lifetime = new Lifetime("PostgresSessionHistory");
  readonly #database: Database;
  readonly #statements: ReturnType<typeof statementsOf>;

  constructor({ database }: PostgresSessionHistoryOptions) {
    this.#database = database;
    this.#statements = statementsOf(database.quotedSchema);
  }

  append({ userId, sessionId }: SessionKey, messages: readonly Message[], options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      if (messages.length === 0) return;
      // JSON text has no control characters, so one can stand between.
      const bodies = messages.map((message) => JSON.stringify(message)).join(separator);
      const ids = [toKey(userId, sessionId), toKey(userId), toText(userId), toText(sessionId)];
      await this.#database.query(this.#statements.append, [...ids, messages.length, bodies], options);
    });
  }

  read({ userId, sessionId }: SessionKey, options?: PageOptions): Promise<Page<Message>> {
    return this.#lifetime.call(options, async () => {
      const page = new PageRequest(["messages", userId, sessionId], options);
      const values = [toKey(userId, sessionId), page.position ?? afterLastMessage, page.rowLimit];
      const rows = await this.#database.query<MessageRow>(this.#statements.read, values, options);
      const { items, cursor } = page.toPage(rows, ({ body }) => JSON.parse(body) as Message); // Our own text of one.
      return { items: items.toReversed(), cursor };
    });
  }

  get({ userId, sessionId }: SessionKey, options?: CallOptions): Promise<SessionRecord | undefined> {
    return this.#lifetime.call(options, async () => {
      const [row] = await this.#database.query<SessionRow>(this.#statements.get, [toKey(userId, sessionId)], options);
      return row && toRecord(row);
    });
  }

  list(userId: string, options?: PageOptions): Promise<Page<SessionRecord>> {
    return this.#lifetime.call(options, async () => {
      const page = new PageRequest(["sessions", userId], options);
      const values = [toKey(userId), page.position ?? Number.MAX_SAFE_INTEGER, page.rowLimit];
      return page.toPage(await this.#database.query<SessionRow>(this.#statements.list, values, options), toRecord);
    });
  }

  update(
    { userId, sessionId }: SessionKey,
    { title, metadata }: SessionChanges,
    options?: CallOptions,
  ): Promise<SessionRecord> {
    return this.#lifetime.call(options, async () => {
      const changes = [
        title === undefined ? null : toText(title),
        metadata === undefined ? null : JSON.stringify(metadata),
      ];
      const values = [toKey(userId, sessionId), ...changes];
      const [row] = await this.#database.query<SessionRow>(this.#statements.update, values, options);
      if (row === undefined) throw new RuntimeError("not_found", "There is no such session.");
      return toRecord(row);
    });
  }

  delete({ userId, sessionId }: SessionKey, options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      await this.#database.query(this.#statements.delete, [toKey(userId, sessionId)], options);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
  }
}

/** Greater than the number of any message. */
const afterLastMessage = 2 ** 31 - 1;

function statementsOf(schema: string) {
  const before = "least($2::int, message_count + 1)";
  const record = `
    user_id, session_id, created_at::float8, updated_at::float8, message_count, title, metadata,
    place::float8 as position`;
  return {
    // Whoever touches the session's row first goes first; the others wait, so that numbers have neither gaps nor doubles.
    append: statement(`
      with touched as (
        insert into ${schema}.session as session
          (key, id, user_key, user_id, session_id, created_at, updated_at, place, message_count, metadata)
        select $1, place, $2, $3, $4, now_ms, now_ms, place, $5::int, '{}'
        from (select nextval('${schema}.session_place') as place, ${schema}.now_ms() as now_ms) as drawn
        on conflict (key) do update set
          message_count = session.message_count + excluded.message_count,
          updated_at = greatest(session.updated_at, excluded.updated_at),
          place = greatest(session.place, excluded.place)
        returning id, message_count
      )
      insert into ${schema}.message (session, number, body)
      select touched.id, touched.message_count - $5::int + part.number, part.body
      from touched, unnest(string_to_array($6::text, E'\\x1e')) with ordinality as part (body, number)`),
    // Numbers have no gaps, so a page is a range of them. A limit that is not known beforehand would be planned each time.
    read: statement(`
      select position, body from ${schema}.session, lateral (
        select number as position, body from ${schema}.message
        where message.session = session.id and number < ${before} and number >= ${before} - $3::int
        order by number desc
      ) as page
      where key = $1`),
    get: statement(`select ${record} from ${schema}.session where key = $1`),
    list: statement(`
      select ${record} from ${schema}.session where user_key = $1 and place < $2::bigint
      order by place desc limit $3::int`),
    update: statement(`
      update ${schema}.session set
        title = coalesce($2, title),
        metadata = coalesce($3, metadata),
        updated_at = greatest(updated_at, ${schema}.now_ms()),
        place = nextval('${schema}.session_place')
      where key = $1
      returning ${record}`),
    delete: statement(`select ${schema}.delete_session($1)::text`),
  };
}

function toRecord(row: SessionRow): SessionRecord {
  return {
    userId: fromText(row.user_id),
    sessionId: fromText(row.session_id),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    messageCount: row.message_count,
    title: row.title === null ? undefined : fromText(row.title),
    metadata: JSON.parse(row.metadata) as SessionRecord["metadata"], // Our own text of one.
  };
}
