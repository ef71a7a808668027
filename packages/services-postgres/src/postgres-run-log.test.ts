import { describeWithPostgres, freshName } from "@agentscope-runtime-tooling/services";
import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { eachEntry } from "@agentscope-runtime/services";
import type { NewRun, RunEntry } from "@agentscope-runtime/services";
import { describeContract, eventually, runLogContract } from "@agentscope-runtime/services/testing";
import pg from "pg";
import { openPGlite, openPostgres, PostgresRunLog } from "./index.ts";
import { Database } from "./database.ts";
import type { Driver } from "./driver.ts";
import { PostgresDriver } from "./postgres-driver.ts";

const key = { ownerId: "ada", runId: "r1" };
const holder = "replica_1";
const newRun: NewRun = { agent: "a", sessionId: "s", userId: "ada", requestHash: "", request: "ask", holder };

async function take(entries: AsyncIterator<RunEntry>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const result = await entries.next();
    if (result.done === true) break;
    taken.push(result.value.data);
  }
  return taken;
}

describeDatabases({ openPostgres, openPGlite }, (databases) => {
  describeContract("PostgresRunLog", runLogContract, {
    create: async () => new PostgresRunLog({ database: await databases.open() }),
    peer: async () => new PostgresRunLog({ database: await databases.openPeer() }),
  });

  it("takes ids and events with characters that Postgres cannot hold", async () => {
    await using log = new PostgresRunLog({ database: await databases.open() });
    const ids = ["nul \0", "half \ud83d", "\u001a0000", "\u001e"];
    for (const runId of ids) await log.create({ ...key, runId }, { ...newRun, sessionId: runId, request: runId });
    for (const runId of ids) {
      expect(await log.get({ ...key, runId })).toMatchObject({ runId, sessionId: runId, status: "in_progress" });
      expect(await log.request({ ...key, runId })).toBe(runId);
      await log.append({ ...key, runId }, { holder, first: 0, events: [...ids, "", ""] });
      const entries = await Array.fromAsync(eachEntry(log.read({ ...key, runId })));
      expect(entries.map(({ data }) => data)).toEqual([...ids, "", ""]);
    }
  });

  it("adds and reads many more events at once than a reader gets at a time", async () => {
    await using log = new PostgresRunLog({ database: await databases.open() });
    const events = Array.from({ length: 10_500 }, (_, index) => String(index));
    await log.create(key, newRun);
    await log.append(key, { holder, first: 0, events });
    const sizes: number[] = [];
    for await (const batch of log.read(key)) sizes.push(batch.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
    const entries = await Array.fromAsync(eachEntry(log.read(key, { after: 4321 })));
    expect(entries.map(({ data }) => data)).toEqual(events.slice(4322));
  });

  it("forgets finished runs in time, and no others", async () => {
    await using log = new PostgresRunLog({ database: await databases.open(), keepFinishedMs: 0 });
    await log.create({ ...key, runId: "goes on" }, newRun);
    await log.create(key, { ...newRun, sessionId: "other" });
    await log.append(key, { holder, first: 0, events: ["0"] });
    await log.finish(key, { holder, first: 1, status: "completed", events: ["1"] });
    await eventually(async () => (await log.get(key)) === undefined);
    expect((await log.list("ada")).items.map(({ runId }) => runId)).toEqual(["goes on"]);
  });

  it("keeps finished runs for a week by default", async () => {
    const database = await databases.open();
    const log = new PostgresRunLog({ database });
    await log.create(key, newRun);
    await log.finish(key, { holder, first: 0, status: "completed", events: [] });
    await log[Symbol.asyncDispose](); // Which waits for what it does in the background.
    await using later = new PostgresRunLog({ database });
    expect(await later.get(key)).toMatchObject({ status: "completed" });
  });

  it("ends a follower of a run whose id another run has taken", async () => {
    await using log = new PostgresRunLog({ database: await databases.open() });
    await using peer = new PostgresRunLog({ database: await databases.openPeer() });
    await log.create(key, newRun);
    await log.append(key, { holder, first: 0, events: ["old"] });
    const reader = eachEntry(peer.read(key, { follow: true }))[Symbol.asyncIterator]();
    expect(await take(reader, 1)).toEqual(["old"]);
    await log.delete(key);
    await log.create(key, newRun);
    await log.append(key, { holder, first: 0, events: ["new", "newer"] });
    await expect(reader.next()).rejects.toMatchObject({ code: "not_found" });
    expect(await take(eachEntry(peer.read(key, { follow: true }))[Symbol.asyncIterator](), 2)).toEqual([
      "new",
      "newer",
    ]);
  });
});

describeWithPostgres("a run log on Postgres", (url) => {
  let pool: pg.Pool;
  beforeEach(() => {
    pool = new pg.Pool({ connectionString: url() });
  });
  afterEach(() => pool.end());

  it("hands events to readers of the same instance without asking Postgres again", async () => {
    const asked: string[] = [];
    const driver = new PostgresDriver(pool);
    const watched: Driver = {
      name: driver.name,
      query: (wanted, values, signal) => {
        asked.push(wanted.text);
        return driver.query(wanted, values, signal);
      },
      run: (sql, values) => driver.run(sql, values),
      listen: (channel, handlers) => driver.listen(channel, handlers),
      [Symbol.asyncDispose]: () => driver[Symbol.asyncDispose](),
    };
    await using database = await Database.open({ driver: watched, schema: freshName() });
    await using log = new PostgresRunLog({ database });
    await log.create(key, newRun);
    await log.append(key, { holder, first: 0, events: ["0"] });
    const readers = Array.from({ length: 3 }, () => eachEntry(log.read(key, { follow: true }))[Symbol.asyncIterator]());
    for (const reader of readers) expect(await take(reader, 1)).toEqual(["0"]);
    const next = readers.map((reader) => take(reader, 20));
    await log.append(key, { holder, first: 1, events: ["1"] }); // They are waiting by the time it is written.
    asked.length = 0;
    for (let first = 2; first <= 20; first++) await log.append(key, { holder, first, events: [String(first)] });
    for (const some of next) expect(await some).toHaveLength(20);
    expect(asked).toHaveLength(19);
    for (const reader of readers) await reader.return?.();
  });

  it("notifies only when another replica follows", async () => {
    const schema = freshName();
    await using database = await openPostgres({ pool, schema });
    await using log = new PostgresRunLog({ database });
    await using elsewhere = await openPostgres({ pool, schema });
    await using peer = new PostgresRunLog({ database: elsewhere });
    const told: string[] = [];
    const ear = new pg.Client(url());
    ear.on("notification", ({ payload = "" }) => told.push(payload));
    await ear.connect();
    await ear.query(`listen ${schema}`);

    await log.create(key, newRun);
    const local = eachEntry(log.read(key, { follow: true }))[Symbol.asyncIterator]();
    const first = take(local, 5);
    for (let number = 0; number < 5; number++) await log.append(key, { holder, first: number, events: ["x"] });
    await first;
    await database.tell("mark", "here");
    await eventually(() => told.length > 0);
    expect(told).toEqual(["mark here"]);

    const remote = eachEntry(peer.read(key, { follow: true, after: 4 }))[Symbol.asyncIterator]();
    const sixth = take(remote, 1);
    await eventually(async () => {
      const { rows } = await pool.query<{ followed_by: string }>(`select followed_by from ${schema}.run`);
      return rows[0]?.followed_by === "*";
    });
    await log.append(key, { holder, first: 5, events: ["y"] });
    expect(await sixth).toEqual(["y"]);
    await database.tell("mark", "there");
    await eventually(() => told.includes("mark there"));
    expect(told.filter((payload) => payload.startsWith("run "))).toHaveLength(1);
    for (const reader of [local, remote]) await reader.return?.();
    await ear.end();
  });

  it("reads what a run of many events has last without reading the rest", async () => {
    await using database = await openPostgres({ pool, schema: freshName() });
    await using log = new PostgresRunLog({ database });
    await log.create(key, newRun);
    for (let first = 0; first < 2000; first += 10) {
      await log.append(key, { holder, first, events: Array.from({ length: 10 }, (_, index) => String(first + index)) });
    }
    const { rows } = await pool.query<{ "QUERY PLAN": string }>(
      `explain (analyze, costs off, timing off) select max(first) from ${database.quotedSchema}.run_events where run = 1 and first <= 1995`,
    );
    expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toMatch(/Index Only Scan Backward.*rows=1 /);
    expect((await Array.fromAsync(eachEntry(log.read(key, { after: 1995 })))).map(({ data }) => data)).toEqual([
      "1996",
      "1997",
      "1998",
      "1999",
    ]);
  });
});
