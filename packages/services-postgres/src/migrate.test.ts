import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { describeWithPostgres, freshName } from "@agentscope-runtime-tooling/services";
import { messageSchema, RuntimeError } from "@agentscope-runtime/protocol";
import pg from "pg";
import { firstTables } from "./first-tables.ts";
import { openPGlite, openPostgres, openPostgresServices, PostgresMemory, PostgresSessionHistory } from "./index.ts";
import { toKey } from "./to-key.ts";

const message = messageSchema.parse({ role: "user" });
const key = { userId: "ada", sessionId: "tea" };

describeDatabases({ openPostgres, openPGlite }, (databases) => {
  it("finds what was kept when it is opened again", async () => {
    const sessions = new PostgresSessionHistory({ database: await databases.open() });
    await sessions.append(key, [message]);
    const again = new PostgresSessionHistory({ database: await databases.openPeer() });
    expect(await again.get(key)).toMatchObject({ messageCount: 1 });
  });

  it("carries over what the first release remembered", async () => {
    const database = await databases.open();
    const schema = database.quotedSchema;
    await database.run(`drop schema ${schema} cascade; create schema ${schema}`);
    await database.run(`create table ${schema}.migration (version int primary key, applied_at timestamptz not null)`);
    await database.run(`do $$ begin ${firstTables(schema)} end $$`);
    await database.run(`insert into ${schema}.migration values (1, now())`);
    const remembered = [
      ["Ada's garden", { ada: 1, s: 1, garden: 1 }],
      ["the garden of gardens, the garden", { the: 2, garden: 2, of: 1, gardens: 1 }],
      ["喜欢乌龙茶", { 喜欢: 1, 乌龙茶: 1 }],
      ["", {}],
    ] as const;
    for (const [index, [body, counts]] of remembered.entries()) {
      const words = Object.keys(counts);
      await database.run(
        `insert into ${schema}.memory
           (memory_id, user_key, session_key, user_id, session_id, body, metadata, created_at, length, words)
         values ($1, $2, $3, 'ada', 'tea', $4, '{"old":true}', 1, $5, $6)`,
        [`mem_${index}`, toKey("ada"), toKey("ada", "tea"), body, words.length, words],
      );
      await database.run(
        `insert into ${schema}.memory_word select $1, word, id, count
         from ${schema}.memory, unnest($2::text[], $3::int[]) as counted (word, count) where memory_id = $4`,
        [toKey("ada"), words, Object.values(counts), `mem_${index}`],
      );
    }

    const memory = new PostgresMemory({ database: await databases.openPeer() });
    const found = async (query: string) => (await memory.search(key, query)).map(({ text }) => text);
    expect((await memory.list(key)).items.map(({ text }) => text)).toEqual(
      remembered.map(([text]) => text).toReversed(),
    );
    expect(await found("garden")).toEqual(["Ada's garden", "the garden of gardens, the garden"]);
    expect(await found("乌龙茶")).toEqual(["喜欢乌龙茶"]);
    expect((await memory.search(key, "gardens"))[0]).toMatchObject({ id: "mem_1", metadata: { old: true } });
    await memory.add(key, [{ text: "a garden, new" }]);
    expect(await found("new garden")).toHaveLength(3);
    await memory.delete(key, ["mem_0", "mem_1"]);
    expect(await found("garden")).toEqual(["a garden, new"]);
    await memory.delete({ userId: "ada" });
    expect(await database.run(`select words from ${schema}.memory_words`)).toEqual([]);
  });

  it("refuses a schema that a newer release has written", async () => {
    const database = await databases.open();
    await database.run(`insert into ${database.quotedSchema}.migration values (1000, now())`);
    const refused = databases.openPeer();
    await expect(refused).rejects.toMatchObject({ code: "unavailable" });
    await expect(refused).rejects.toThrow(/version 1000.*newer/);
  });
});

describeWithPostgres("tables on Postgres", (url) => {
  let pool: pg.Pool;
  beforeEach(() => {
    pool = new pg.Pool({ connectionString: url(), max: 10 });
  });
  afterEach(() => pool.end());

  it("are made once when 8 replicas begin at the same time", async () => {
    const schema = freshName();
    const opened = await Promise.all(Array.from({ length: 8 }, () => openPostgres({ pool, schema })));
    const calls = opened.map(async (database) => {
      await new PostgresSessionHistory({ database }).append(key, [message]);
    });
    await Promise.all(calls);
    const [database] = opened;
    if (database === undefined) throw new Error("Eight were opened.");
    expect(await new PostgresSessionHistory({ database }).get(key)).toMatchObject({ messageCount: 8 });
    for (const one of opened) await one[Symbol.asyncDispose]();
  });

  it("stand in their own schema, and nothing else is touched", async () => {
    const name = freshName();
    await pool.query(`create database ${name}`);
    const fresh = new pg.Pool({ connectionString: url().replace(/[^/]*$/, name) });
    const services = await openPostgresServices({ pool: fresh, schema: "here" });
    await services.sessions.append(key, [message]);
    await services.tasks.enqueue("mail", "hello");
    const { rows } = await fresh.query<{ nspname: string }>(
      `select distinct nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
       where nspname not like 'pg_%' and nspname <> 'information_schema' order by 1`,
    );
    expect(rows.map(({ nspname }) => nspname)).toEqual(["here", "here_tasks"]);
    await services[Symbol.asyncDispose]();
    await fresh.end();
    await pool.query(`drop database ${name}`);
  });

  it("may stand in a schema whose name means something to SQL, and in none whose name needs care", async () => {
    await using database = await openPostgres({ pool, schema: "select" });
    const sessions = new PostgresSessionHistory({ database });
    await sessions.append(key, [message]);
    expect(await sessions.get(key)).toMatchObject({ messageCount: 1 });
    for (const schema of ["", "A", "1a", "a b", "a'b", 'a"b', "a$b", "日本", "a\0b", "x".repeat(45)]) {
      await expect(openPostgres({ pool, schema })).rejects.toMatchObject({ code: "invalid_argument" });
    }
    await database.run('drop schema "select" cascade');
  });

  it("need a right that the role may lack, and the error says so", async () => {
    const role = freshName();
    await pool.query(`create role ${role}`);
    const limited = new pg.Pool({ connectionString: url(), options: `-c role=${role}` });
    await expect(openPostgres({ pool: limited, schema: freshName() })).rejects.toMatchObject({
      code: "permission_denied",
    });
    await limited.end();
  });

  it("need transactions that see what others have committed, and the error says so", async () => {
    const strict = new pg.Pool({ connectionString: url(), options: "-c default_transaction_isolation=serializable" });
    await expect(openPostgres({ pool: strict, schema: freshName() })).rejects.toThrow("read committed");
    await strict.end();
  });

  it("need a database in UTF-8, and the error says so", async () => {
    const name = freshName();
    await pool.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
    const latin = new pg.Pool({ connectionString: url().replace(/[^/]*$/, name) });
    const thrown = await openPostgres({ pool: latin }).catch((error: unknown) => error);
    expect(RuntimeError.is(thrown) && thrown.message).toContain("UTF-8");
    await latin.end();
    await pool.query(`drop database ${name}`);
  });
});
