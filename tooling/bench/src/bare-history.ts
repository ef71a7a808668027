import type { Message } from "@agentscope-runtime/protocol";
import type { Page, SessionKey } from "@agentscope-runtime/services";
import type { Redis } from "ioredis";
import type { Pool } from "pg";
import type { HistoryCalls } from "./services.ts";

/** What a history costs at the least on Postgres: one insert, one select. It checks, counts and orders nothing else. */
export async function createBarePostgresHistory(pool: Pool): Promise<HistoryCalls> {
  await pool.query("create table bare_message (id bigserial, session text not null, body text not null)");
  await pool.query("create index on bare_message (session, id)");
  return {
    append: async (key, messages) => {
      await pool.query({
        name: "bare append",
        text: "insert into bare_message (session, body) select $1, unnest($2::text[])",
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

/** The same on Redis: one list a session. */
export function bareRedisHistory(redis: Redis): HistoryCalls {
  return {
    append: async (key, messages) => {
      await redis.rpush(`bare:${nameOf(key)}`, ...messages.map((message) => JSON.stringify(message)));
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
