import { readdirSync, readFileSync } from "node:fs";
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
const body = JSON.stringify(message);
const event = JSON.stringify({ object: "content", type: "text", delta: true, text: "hello there" });
const run = (o: string, r: number) => ({ ownerId: o, runId: `r${r}` });
for (let r = 0; r < 64; r++)
  await s.runLog.create(run("ada", r), {
    agent: "a",
    sessionId: `x${r}`,
    userId: "u",
    requestHash: "",
    request: "",
    holder: "h",
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
await pool.query(
  "create table bm (session text not null, id int not null, body text not null, primary key (session, id))",
);
await pool.query(
  "create table bs (session text primary key, owner text not null, count int not null, updated timestamptz not null); create index on bs (owner, updated)",
);
await pool.query("insert into bm select 'big', n, $1 from generate_series(1, 10000) n", [body]);
await pool.query("create table br (id text primary key, count int not null) with (fillfactor=70)");
await pool.query("insert into br select 'c' || n, 0 from generate_series(0, 63) n");
await pool.query("create table be (run text not null, seq int not null, body text not null, primary key (run, seq))");
await pool.query("vacuum analyze");
const upsert =
  "with t as (insert into bs values ($1, 'ada', 1, now()) on conflict (session) do update set count = bs.count + 1, updated = now() returning count) insert into bm select $1, count, $2 from t";
const works: Record<string, (i: number) => Promise<unknown>> = {
  "select 1": () => pool.query({ name: "one", text: "select 1" }),
  "bare insert": (i) => pool.query({ name: "ba", text: "insert into bm values ($1, $2, $3)", values: ["x", i, body] }),
  "bare append (count, list order)": (i) => pool.query({ name: "bu", text: upsert, values: [`s${i % 64}`, body] }),
  "OURS append": (i) => s.sessions.append({ userId: "a", sessionId: `s${i % 64}` }, [message]),
  "OURS append, session of 100": () => s.sessions.append({ userId: "a", sessionId: "small" }, [message]),
  "OURS append, session of 10,000": () => s.sessions.append({ userId: "a", sessionId: "big" }, [message]),
  "bare read 50": async () =>
    (
      await pool.query({
        name: "brd",
        text: "select body from bm where session = $1 order by id desc limit 50",
        values: ["big"],
      })
    ).rows.map((row: { body: string }) => JSON.parse(row.body) as unknown),
  "OURS read 50, session of 100": () => s.sessions.read({ userId: "a", sessionId: "small" }),
  "OURS read 50, session of 10,000": () => s.sessions.read({ userId: "a", sessionId: "big" }),
  "bare compare-and-set + event": (i) =>
    pool.query({
      name: "bc",
      text: "with r as (update br set count = count + 1 where id = $1 and count = $2 returning 1) insert into be select $1, $2, $3 from r",
      values: [`c${i % 64}`, Math.floor(i / 64), event],
    }),
  "OURS run append": (i) =>
    s.runLog.append(run("ada", i % 64), { holder: "h", first: Math.floor(i / 64), events: [event] }),
};
const { toKey } = await import("./to-key.ts");
const sid = (await pool.query("select id from agentscope.session where session_id = 'big'")).rows[0].id;
const k = toKey("a", "big");
works["read A"] = () => pool.query({ name: "ra", text: "select body from agentscope.message where session = $1 order by number desc limit 50", values: [sid] });
works["read B position"] = () => pool.query({ name: "rb", text: "select number as position, body from agentscope.message where session = $1 order by number desc limit 50", values: [sid] });
works["read C subselect"] = () => pool.query({ name: "rc", text: "select number as position, body from agentscope.message where session = (select id from agentscope.session where key = $1) order by number desc limit 50", values: [k] });
works["read D limit"] = () => pool.query({ name: "rd", text: "select number as position, body from agentscope.message where session = (select id from agentscope.session where key = $1) and number < $2::int order by number desc limit $3::int", values: [k, 2 ** 31 - 1, 51] });
works["read E bare no parse"] = () => pool.query({ name: "brd", text: "select body from bm where session = $1 order by id desc limit 50", values: ["big"] });
console.log((await pool.query("select octet_length(body) a, pg_column_size(body) b from agentscope.message limit 1")).rows, (await pool.query("select octet_length(body) a, pg_column_size(body) b from bm limit 1")).rows);
const pid = Number((await pool.query("select pg_backend_pid() p")).rows[0].p);
const parent = (id: string | number) => readFileSync(`/proc/${id}/stat`, "utf8").split(") ")[1]!.split(" ")[1];
const ppid = parent(pid);
const serverNs = () => {
  let ns = 0;
  for (const id of readdirSync("/proc")) {
    if (!/^\d+$/.test(id)) continue;
    try {
      if (parent(id) === ppid) ns += Number(readFileSync(`/proc/${id}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      continue;
    }
  }
  return ns;
};
const at = new Map<string, number>();
const total = new Map<string, [number, number, number, number]>();
for (let round = 0; round < 8; round++)
  for (const [name, work] of Object.entries(works)) {
    if (process.argv[2] && !new RegExp(process.argv[2]).test(name)) continue;
    let i = at.get(name) ?? 0;
    const n = 640;
    const c = process.cpuUsage(),
      sv = serverNs(),
      t = performance.now();
    for (let k = 0; k < n; k++) await work(i++);
    at.set(name, i);
    const d = process.cpuUsage(c);
    const w = performance.now() - t;
    if (round > 1) {
      const [a, b, e, m] = total.get(name) ?? [0, 0, 0, Infinity];
      total.set(name, [a + d.user + d.system, b + (serverNs() - sv) / 1000, e + n, Math.min(m, (w / n) * 1000)]);
    }
  }
for (const [name, [c, v, n, m]] of total)
  console.log(
    name.padEnd(34),
    "client",
    (c / n).toFixed(0).padStart(4),
    "us  server",
    (v / n).toFixed(0).padStart(4),
    "us  sum",
    ((c + v) / n).toFixed(0).padStart(4),
    "us   best wall",
    m.toFixed(0),
    "us",
  );
await s[Symbol.asyncDispose]();
pool.on("error", () => undefined);
await pool.end();
await server[Symbol.asyncDispose]();
