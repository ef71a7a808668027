import { describeWithPostgres, freshName } from "@agentscope-runtime-tooling/services";
import { messageSchema } from "@agentscope-runtime/protocol";
import { eventually } from "@agentscope-runtime/services/testing";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { openPostgres, openPostgresServices, PostgresSessionHistory } from "./index.ts";

const message = messageSchema.parse({ role: "user" });
const key = { userId: "ada", sessionId: "tea" };

/** Ends the connections of a pool as an operator would. */
async function terminate(url: string, applicationName: string, query = "%"): Promise<number> {
  const admin = new pg.Client(url);
  await admin.connect();
  const { rowCount } = await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and query like $2",
    [applicationName, query],
  );
  await admin.end();
  return rowCount ?? 0;
}

it("says that Postgres cannot be reached, and nothing of where it is", async () => {
  const pool = new pg.Pool({ connectionString: "postgres://secret:password@127.0.0.1:1/hidden" });
  const thrown: unknown = await openPostgres({ pool }).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: "unavailable", message: "Postgres cannot be reached.", details: {} });
  await pool.end();
});

it("refuses a pool with a single connection, which would wait for itself", async () => {
  const pool = new pg.Pool({ connectionString: "postgres://127.0.0.1:1", max: 1 });
  await expect(openPostgres({ pool })).rejects.toMatchObject({ code: "invalid_argument" });
  await pool.end();
});

describeWithPostgres("a Postgres through a pool", (url) => {
  it("leaves the pool to its owner", async () => {
    const pool = new pg.Pool({ connectionString: url() });
    const services = await openPostgresServices({ pool, schema: freshName() });
    await using subscription = await services.topic.subscribe("news");
    expect(subscription).toBeDefined();
    await services[Symbol.asyncDispose]();
    await services[Symbol.asyncDispose]();
    expect((await pool.query<{ one: number }>("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect(pool.listenerCount("error")).toBe(0);
    await pool.end();
  });

  it("goes on when its connections break, and tells who called meanwhile", async () => {
    const applicationName = freshName();
    const pool = new pg.Pool({ connectionString: url(), application_name: applicationName });
    await using services = await openPostgresServices({ pool, schema: freshName() });
    await services.sessions.append(key, [message]);
    expect(await terminate(url(), applicationName)).toBeGreaterThan(0);
    // An idle connection that broke would end the process, had nobody listened.
    await eventually(async () => (await services.sessions.get(key).catch(() => undefined))?.messageCount === 1);
    const busy = pool.query("select pg_sleep(10)").catch((error: unknown) => error);
    await eventually(async () => (await terminate(url(), applicationName, "%pg_sleep%")) > 0);
    expect(await busy).toMatchObject({ code: "57P01" });
    await services[Symbol.asyncDispose]();
    await pool.end();
  });

  it("listens on another connection when the one that listened is lost, and followers look again", async () => {
    const applicationName = freshName();
    const schema = freshName();
    const pools = [applicationName, freshName()].map(
      (application_name) => new pg.Pool({ connectionString: url(), application_name }),
    );
    const [pool, other] = pools;
    if (pool === undefined || other === undefined) throw new Error("There are two.");
    await using services = await openPostgresServices({ pool, schema });
    await using elsewhere = await openPostgresServices({ pool: other, schema });
    const run = { ownerId: "ada", runId: "r1" };
    const facts = { agent: "a", sessionId: "s", userId: "ada", requestHash: "", request: "", holder: "elsewhere" };
    await elsewhere.runLog.create(run, facts);
    await elsewhere.runLog.append(run, { holder: "elsewhere", first: 0, events: ["0"] });
    const reader = services.runLog.read(run, { follow: true })[Symbol.asyncIterator]();
    expect(await reader.next()).toMatchObject({ value: [{ sequence: 0 }] });
    const next = reader.next();
    const subscription = await services.topic.subscribe("news");
    const heard = subscription[Symbol.asyncIterator]().next();
    expect(await terminate(url(), applicationName, "listen%")).toBe(1);
    // Whether it is told or not: the follower gets it.
    await elsewhere.runLog.append(run, { holder: "elsewhere", first: 1, events: ["1"] });
    expect(await next).toMatchObject({ value: [{ sequence: 1, data: "1" }] });
    let count = 0;
    const publishing = eventually(async () => {
      await elsewhere.topic.publish("news", String(count++));
      return Promise.race([heard, sleep(20)]);
    });
    expect(await publishing).toMatchObject({ done: false });
    for (const some of [services, elsewhere]) await some[Symbol.asyncDispose]();
    for (const some of pools) await some.end();
  });

  it("rejects at once when the signal aborts while every connection is busy, and writes nothing later", async () => {
    const pool = new pg.Pool({ connectionString: url(), max: 2 });
    await using database = await openPostgres({ pool, schema: freshName() });
    const sessions = new PostgresSessionHistory({ database });
    const held = [await pool.connect(), await pool.connect()];
    const leaving = new AbortController();
    const appended = sessions.append(key, [message], { signal: leaving.signal });
    const reason = new Error("stop");
    leaving.abort(reason);
    await expect(appended).rejects.toBe(reason);
    for (const client of held) client.release();
    expect(await sessions.get(key)).toBeUndefined();
    await database[Symbol.asyncDispose]();
    await pool.end();
  });
});
