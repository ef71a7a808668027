import { describeWithPostgres, freshName, startPostgres } from "@agentscope-runtime-tooling/services";
import { messageSchema } from "@agentscope-runtime/protocol";
import { eachEntry } from "@agentscope-runtime/services";
import { eventually } from "@agentscope-runtime/services/testing";
import pg from "pg";
import { openPostgresServices } from "./index.ts";
import type { PostgresServices } from "./index.ts";

const session = { userId: "ada", sessionId: "tea" };
const run = { ownerId: "ada", runId: "r1" };
const holder = "replica_1";
const timeoutMs = 90_000;

/** Its owner hears what breaks after the services are gone: the server may end before its connections have. */
function openPool(url: string): pg.Pool {
  return new pg.Pool({ connectionString: url }).on("error", () => undefined);
}

/** Tries until it is done: whether a write that nobody answered was done, its effect tells. */
async function append(services: PostgresServices, first: number): Promise<void> {
  await eventually(
    async () => {
      try {
        await services.runLog.append(run, { holder, first, events: [String(first)] });
        return true;
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: expect.stringMatching(/^(unavailable|conflict)$/) as string });
        const record = await services.runLog.get(run).catch(() => undefined);
        return record !== undefined && record.eventCount > first;
      }
    },
    { timeoutMs: 30_000 },
  );
}

describeWithPostgres("a Postgres that is restarted", () => {
  it(
    "has what it acknowledged, and followers, topics, leases and tasks go on",
    async () => {
      await using server = await startPostgres();
      const schema = freshName();
      const pools = [0, 1].map(() => openPool(server.url));
      const [services, elsewhere] = await Promise.all(
        pools.map((pool) => openPostgresServices({ pool, schema, tasks: { lookEveryMs: 200 } })),
      );
      if (services === undefined || elsewhere === undefined) throw new Error("There are two.");

      const facts = { agent: "a", sessionId: "tea", userId: "ada", requestHash: "", request: "", holder };
      await services.runLog.create(run, facts);
      const followed = [services, elsewhere].map(async ({ runLog }) => {
        const entries = await Array.fromAsync(eachEntry(runLog.read(run, { follow: true })));
        return entries.map(({ data }) => data);
      });
      const done: unknown[] = [];
      await elsewhere.tasks.work("mail", async ({ payload }) => done.push(payload));
      const lease = await services.leases.acquire("door", 3_600_000);
      const subscription = await elsewhere.topic.subscribe("news");
      const heard = subscription[Symbol.asyncIterator]().next();

      const acknowledged: number[] = [];
      let restarted = false;
      const count = 300;
      const writing = (async () => {
        for (let first = 0; first < count; first++) {
          await append(services, first);
          const message = messageSchema.parse({ role: "user", content: [{ type: "text", text: String(first) }] });
          const isKept = await services.sessions.append(session, [message]).then(
            () => true,
            () => false,
          );
          if (isKept) acknowledged.push(first);
        }
      })();
      await eventually(() => acknowledged.length > 50);
      await server.restart();
      restarted = true;
      await writing;
      expect(restarted).toBe(true);
      await services.runLog.finish(run, { holder, first: count, status: "completed", events: [] });

      const everything = Array.from({ length: count }, (_, index) => String(index));
      for (const events of followed) expect(await events).toEqual(everything);
      const { items } = await services.sessions.read(session, { limit: 1000 });
      const kept = items.flatMap(({ content }) => content ?? []).map((part) => (part.type === "text" ? part.text : ""));
      expect(kept).toEqual(expect.arrayContaining(acknowledged.map(String)));
      expect(kept.map(Number)).toEqual(kept.map(Number).toSorted((one, other) => one - other));
      expect(await elsewhere.leases.acquire("door", 1)).toBeUndefined();
      expect(lease && (await elsewhere.leases.renew(lease, 1000))).toMatchObject({ token: lease?.token });
      await services.tasks.enqueue("mail", "hello");
      await eventually(() => done.length > 0);
      await services.topic.publish("news", "hello");
      expect(await heard).toMatchObject({ value: "hello" });

      for (const some of [services, elsewhere]) await some[Symbol.asyncDispose]();
      for (const pool of pools) await pool.end();
    },
    timeoutMs,
  );

  it(
    "rejects calls with `unavailable` while it is away, at once, and takes them again afterwards",
    async () => {
      await using server = await startPostgres();
      const pool = openPool(server.url);
      const services = await openPostgresServices({ pool });
      await server.stop();
      const calls = [
        services.sessions.get(session),
        services.state.load({ ...session, name: "n" }),
        services.memory.list({ userId: "ada" }),
        services.runLog.get(run),
        services.topic.publish("news", "hello"),
        services.topic.subscribe("news"),
        services.leases.acquire("door", 1000),
        services.tasks.enqueue("mail", "hello"),
      ];
      for (const call of calls) {
        await expect(call).rejects.toMatchObject({ code: "unavailable", message: "Postgres cannot be reached." });
      }
      await server.start();
      await services.tasks.enqueue("mail", "hello");
      expect(await services.leases.acquire("door", 1000)).toBeDefined();
      await using subscription = await services.topic.subscribe("news");
      expect(subscription).toBeDefined();
      await services[Symbol.asyncDispose]();
      await pool.end();
    },
    timeoutMs,
  );

  it(
    "may be away when it is opened lazily, and has its tables once it is there",
    async () => {
      await using server = await startPostgres();
      await server.stop();
      const pool = openPool(server.url);
      await expect(openPostgresServices({ pool })).rejects.toMatchObject({ code: "unavailable" });
      const services = await openPostgresServices({ pool, lazy: true });
      await expect(services.leases.acquire("door", 1000)).rejects.toMatchObject({ code: "unavailable" });
      await server.start();
      const acquired = await Promise.all(Array.from({ length: 5 }, () => services.leases.acquire("door", 60_000)));
      expect(acquired.filter((lease) => lease !== undefined)).toHaveLength(1);
      await services[Symbol.asyncDispose]();
      await pool.end();
    },
    timeoutMs,
  );
});
