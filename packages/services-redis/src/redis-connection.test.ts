import { describeWithRedis, freshName } from "@agentscope-runtime-tooling/services";
import { messageSchema } from "@agentscope-runtime/protocol";
import { eventually } from "@agentscope-runtime/services/testing";
import { Redis } from "ioredis";
import { openRedisServices } from "./index.ts";
import type { RedisServices } from "./index.ts";
import { openWayToRedis } from "./testing/way-to-redis.ts";
import type { WayToRedis } from "./testing/way-to-redis.ts";

const ada = { userId: "ada", sessionId: "tea" };
const state = { ...ada, name: "planner" };
const run = { ownerId: "ada", runId: "r1" };
const holder = "replica_1";
const newRun = { agent: "planner", ...ada, requestHash: "", request: "ask", holder };

describeWithRedis("a connection to Redis", (url) => {
  const opened: AsyncDisposable[] = [];

  async function open(
    timeoutMs = 5000,
  ): Promise<{ readonly services: RedisServices; readonly way: WayToRedis; readonly prefix: string }> {
    const prefix = freshName();
    const way = await openWayToRedis(url());
    opened.unshift(way);
    const redis = new Redis(way.port, { lazyConnect: true });
    const services = await openRedisServices({ redis, prefix, timeoutMs });
    opened.unshift(services);
    return { services, way, prefix };
  }

  afterEach(async () => {
    for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
  });

  it("is refused with `unavailable` when nobody answers", async () => {
    const way = await openWayToRedis(url());
    await way[Symbol.asyncDispose]();
    const opening = openRedisServices({ redis: new Redis(way.port, { lazyConnect: true }), timeoutMs: 200 });
    await expect(opening).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("reached") });
  });

  it("leaves the client alone that it is given", async () => {
    const redis = new Redis(url());
    const services = await openRedisServices({ redis, prefix: freshName() });
    await services.topic.subscribe("news");
    await services[Symbol.asyncDispose]();
    expect(await redis.ping()).toBe("PONG");
    await redis.quit();
  });

  it("keeps what belongs to other prefixes apart, also those of the client", async () => {
    const prefix = freshName();
    const one = await openRedisServices({ redis: new Redis(url(), { lazyConnect: true, keyPrefix: "one:" }), prefix });
    const other = await openRedisServices({ redis: new Redis(url(), { lazyConnect: true }), prefix });
    opened.push(one, other);
    await one.state.save(state, 1);
    await one.tasks.enqueue("mail", 1, { taskId: "t1" });
    expect(await other.state.load(state)).toBeUndefined();
    expect(await other.tasks.status({ queue: "mail", taskId: "t1" })).toBeUndefined();
    const listener = (await one.topic.subscribe("news"))[Symbol.asyncIterator]();
    await other.topic.publish("news", "no");
    await one.topic.publish("news", "yes");
    expect(await listener.next()).toEqual({ done: false, value: "yes" });
  });

  it("refuses a prefix that keys could not do with", async () => {
    const redis = new Redis(url(), { lazyConnect: true });
    for (const prefix of ["", "{a}", "a b", "*"]) {
      await expect(openRedisServices({ redis, prefix })).rejects.toMatchObject({ code: "invalid_argument" });
    }
  });

  it("rejects every call with `unavailable` after its time while Redis is away", async () => {
    const { services, way } = await open(300);
    await services.state.save(state, 1);
    way.cut();
    const calls = [
      () => services.sessions.read(ada),
      () => services.state.save(state, 2),
      () => services.memory.search(ada, "tea"),
      () => services.runLog.append(run, { holder, first: 0, events: ["1"] }),
      () => services.topic.publish("news", "hello"),
      () => services.topic.subscribe("news"),
      () => services.leases.acquire("door", 1000),
      () => services.tasks.enqueue("mail", 1),
      () => services.tasks.work("mail", async () => null),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "unavailable" });
  });

  it("ends a call with its signal's reason while Redis is away", async () => {
    const { services, way } = await open();
    way.cut();
    const leaving = new AbortController();
    const reason = new Error("stop");
    const call = services.state.save(state, 1, { signal: leaving.signal });
    const listening = services.topic.subscribe("news", { signal: leaving.signal });
    leaving.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(listening).rejects.toBe(reason);
  });

  it("runs its scripts again that Redis has forgotten", async () => {
    const { services } = await open();
    await services.state.save(state, 1);
    const redis = new Redis(url());
    await redis.script("FLUSH");
    await redis.quit();
    expect(await services.state.save(state, 2)).toMatchObject({ version: 2 });
  });

  it("notices a connection on which nothing arrives any more, and makes another", async () => {
    const { services, way } = await open(1000);
    await services.state.save(state, 1);
    way.swallow();
    await expect(services.state.load(state)).rejects.toMatchObject({ code: "unavailable" });
    await eventually(async () => {
      const loaded = await services.state.load(state).catch(() => undefined);
      return loaded?.version === 1;
    });
  });

  describe("does a write once whose answer is lost:", () => {
    it("a session's messages", async () => {
      const { services, way } = await open();
      const texts = ["one", "two", "three"];
      for (const id of texts) {
        way.loseNextAnswer();
        await services.sessions.append(ada, [messageSchema.parse({ id })]);
      }
      expect((await services.sessions.read(ada)).items.map(({ id }) => id)).toEqual(texts);
    });

    it("a state, with an expected version and without", async () => {
      const { services, way } = await open();
      for (const expectedVersion of [0, 1]) {
        way.loseNextAnswer();
        expect(await services.state.save(state, "saved", { expectedVersion })).toMatchObject({
          version: expectedVersion + 1,
        });
      }
      way.loseNextAnswer();
      expect(await services.state.save(state, "saved")).toMatchObject({ version: 3 });
      expect((await services.state.history(state)).items).toHaveLength(3);
    });

    it("memories", async () => {
      const { services, way, prefix } = await open();
      way.loseNextAnswer();
      const [memory] = await services.memory.add(ada, [{ text: "oolong" }]);
      expect((await services.memory.list(ada)).items).toEqual([memory]);
      await services.memory.delete(ada);
      const redis = new Redis(url());
      const [, left] = await redis.scan(0, "MATCH", `${prefix}:*`, "COUNT", 1_000_000);
      await redis.quit();
      expect(left).toEqual([]); // What was written twice would not be forgotten at once.
    });

    it("a run, from its beginning to its end", async () => {
      const { services, way } = await open();
      const { runLog } = services;
      way.loseNextAnswer();
      expect(await runLog.create(run, newRun)).toMatchObject({ status: "in_progress" });
      way.loseNextAnswer();
      expect(await runLog.begin(run, holder)).toBe("ask");
      way.loseNextAnswer();
      await runLog.append(run, { holder, first: 0, events: ["0", "1"] });
      way.loseNextAnswer();
      expect(await runLog.claim(run, { from: holder, to: "replica_2" })).toMatchObject({ holder: "replica_2" });
      way.loseNextAnswer();
      const end = { holder: "replica_2", first: 2, status: "completed", events: ["2"] } as const;
      expect(await runLog.finish(run, end)).toMatchObject({ status: "completed", eventCount: 3 });
      const batches = await Array.fromAsync(runLog.read(run));
      expect(batches.flat().map(({ data }) => data)).toEqual(["0", "1", "2"]);
      await expect(runLog.append(run, { ...end, first: 0 })).rejects.toMatchObject({ code: "conflict" });
    });

    it("an amended request", async () => {
      const { services, way } = await open();
      await services.runLog.create(run, { ...newRun, deferred: true });
      way.loseNextAnswer();
      await services.runLog.amend(run, { from: "ask", to: "ask more" });
      expect(await services.runLog.request(run)).toBe("ask more");
    });

    it("a lease", async () => {
      const { services, way } = await open();
      way.loseNextAnswer();
      const lease = await services.leases.acquire("door", 60_000);
      expect(lease).toBeDefined();
      expect(await services.leases.acquire("door", 60_000)).toBeUndefined();
    });

    it("a task, and its attempts", async () => {
      const { services, way } = await open();
      const { tasks } = services;
      way.loseNextAnswer();
      const key = await tasks.enqueue("mail", "hello", { maxAttempts: 1 });
      await tasks.cancel(key);
      way.loseNextAnswer();
      expect(await tasks.retry(key)).toMatchObject({ status: "pending" });
      const done: unknown[] = [];
      await tasks.work("mail", async ({ payload }) => done.push(payload));
      await eventually(async () => (await tasks.status(key))?.status === "finished");
      expect(done).toEqual(["hello"]);
    });

    it("but not a message that is published, for nobody can tell", async () => {
      const { services, way } = await open();
      await services.topic.publish("news", "first");
      way.loseNextAnswer();
      await expect(services.topic.publish("news", "hello")).rejects.toMatchObject({ code: "unavailable" });
    });
  });
});
