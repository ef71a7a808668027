import type { Message } from "@agentscope-runtime/protocol";
import type { Page, SessionKey } from "@agentscope-runtime/services";
import type { Redis } from "ioredis";
import type { Pool } from "pg";
import type { HistoryCalls } from "./services.ts";

/**
 * What a history costs at the least on Postgres, in one statement each: the messages in order, and the session with its count
 * and its place in the list of sessions. It checks nothing.
 */
export async function createBarePostgresHistory(pool: Pool): Promise<HistoryCalls> {
  await pool.query("create table bare_session (id text primary key, count int not null, updated timestamptz not null)");
  await pool.query("create index on bare_session (updated)");
  await pool.query("create table bare_message (session text, id int, body text not null, primary key (session, id))");
  return {
    append: async (key, messages) => {
      await pool.query({
        name: "bare append",
        text: `with session as (
            insert into bare_session values ($1, cardinality($2::text[]), now())
            on conflict (id) do update set count = bare_session.count + excluded.count, updated = now() returning count
          ) insert into bare_message
            select $1, session.count - cardinality($2::text[]) + n, body from session, unnest($2::text[]) with ordinality m (body, n)`,
        values: [nameOf(key), messages.map((message) => JSON.stringify(message))],
      });
    },
    read: async (key, { limit = 50 } = {}) => {
      const { rows } = await pool.query<{ body: string }>({
        name: "bare read",
        text: "select body from bare_message where session = $1 order by id desc limit $2",
        values: [nameOf(key), limit],
      });
      return pageOf(rows.map(({ body }) => body).toReversed());
    },
  };
}

/** The same on Redis, in one transaction. */
export function bareRedisHistory(redis: Redis): HistoryCalls {
  return {
    append: async (key, messages) => {
      const name = `bare:${nameOf(key)}`;
      await redis
        .multi()
        .rpush(name, ...messages.map((message) => JSON.stringify(message)))
        .hset(`${name}:about`, "updated", Date.now())
        .zadd(`bare:${key.userId}`, Date.now(), key.sessionId)
        .exec();
    },
    read: async (key, { limit = 50 } = {}) => pageOf(await redis.lrange(`bare:${nameOf(key)}`, -limit, -1)),
  };
}

function nameOf({ userId, sessionId }: SessionKey): string {
  return `${userId}/${sessionId}`;
}

function pageOf(texts: readonly string[]): Page<Message> {
  return { items: texts.map((text) => JSON.parse(text) as Message), cursor: undefined }; // As they were appended.
}
