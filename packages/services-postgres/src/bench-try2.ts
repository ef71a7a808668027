import pg from "pg";
import { startPostgres } from "@agentscope-runtime-tooling/services";
import { messageSchema } from "@agentscope-runtime/protocol";
import { openPostgresServices } from "./index.ts";
const server = await startPostgres();
const pool = new pg.Pool({ connectionString: server.url, max: 2 });
const s = await openPostgresServices({ pool });
const message = messageSchema.parse({
  role: "user",
  content: [{ type: "text", text: "The quick brown fox jumps over the lazy dog. ".repeat(8) }],
});
for (const [id, n] of [
  ["small", 1],
  ["big", 100],
] as const)
  for (let i = 0; i < n; i++)
    await s.sessions.append(
      { userId: "a", sessionId: id },
      Array.from({ length: 100 }, () => message),
    );
await pool.query("vacuum analyze");
await pool.query("set plan_cache_mode = force_generic_plan");
const c = await pool.connect();
await c.query("set plan_cache_mode = force_generic_plan");
await c.query(
  `prepare p as select number as position, body from agentscope.message where session = (select id from agentscope.session where key = $1) and number < $2::int order by number desc limit $3::int`,
);
for (const k of [1, 2, 3])
  console.log(
    (
      await c.query(
        `explain (analyze, buffers) execute p('\\x${(await c.query("select encode(key, 'hex') h from agentscope.session where session_id = 'big'")).rows[0].h}', 2147483647, 51)`,
      )
    ).rows
      .map((r: any) => r["QUERY PLAN"])
      .join("\n"),
  );
c.release();
await s[Symbol.asyncDispose]();
pool.on("error", () => undefined);
await pool.end();
await server[Symbol.asyncDispose]();
