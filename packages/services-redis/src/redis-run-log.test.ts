import { describeWithRedis, freshName, startRedis } from "@agentscope-runtime-tooling/services";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunEntry, RunKey, RunLog } from "@agentscope-runtime/services";
import { eventually } from "@agentscope-runtime/services/testing";
import { Redis } from "ioredis";
import { openRedisConnection } from "./redis-connection.ts";
import { RedisRunLog } from "./redis-run-log.ts";

const holder = "replica_1";
const key: RunKey = { ownerId: "ada", runId: "r1" };

function newRun(sessionId: string) {
  return { agent: "planner", sessionId, userId: "ada", requestHash: "", request: "ask", holder };
}

async function follow(log: RunLog, of: RunKey): Promise<string[]> {
  const batches = await Array.fromAsync(log.read(of, { follow: true }));
  const entries: RunEntry[] = batches.flat();
  expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index));
  return entries.map(({ data }) => data);
}

describeWithRedis("RedisRunLog", (url) => {
  const opened: AsyncDisposable[] = [];
  let prefix = "";

  beforeEach(() => {
    prefix = freshName();
  });

  afterEach(async () => {
    for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
  });

  async function open(options: { readonly at?: string; readonly keepFinishedMs?: number } = {}): Promise<RedisRunLog> {
    const redis = new Redis(options.at ?? url(), { lazyConnect: true, connectionName: prefix });
    const connection = await openRedisConnection({ redis, prefix, timeoutMs: 15_000 });
    const log = new RedisRunLog({ connection, keepFinishedMs: options.keepFinishedMs });
    opened.unshift(log, connection);
    return log;
  }

  /** All keys of this test. */
  async function keys(): Promise<string[]> {
    const redis = new Redis(url());
    const found: string[] = [];
    for await (const some of redis.scanStream({ match: `${prefix}:*` })) found.push(...(some as string[]));
    await redis.quit();
    return found;
  }

  it("forgets finished runs after their time, and their places in all lists", async () => {
    const log = await open({ keepFinishedMs: 50 });
    for (let index = 0; index < 25; index++) {
      const one = { ownerId: "ada", runId: String(index) };
      await log.create(one, newRun(`tea ${index}`));
      await log.append(one, { holder, first: 0, events: ["0"] });
      await log.finish(one, { holder, first: 1, status: "completed", events: [] });
    }
    await eventually(async () => (await log.get({ ownerId: "ada", runId: "24" })) === undefined);
    // Nothing but the last place is left once somebody has met them.
    await eventually(async () => {
      expect(await log.list("ada")).toEqual({ items: [], cursor: undefined });
      return (await keys()).length === 1;
    });
    expect(await log.create({ ownerId: "ada", runId: "0" }, newRun("tea"))).toMatchObject({ eventCount: 0 });
  });

  it("pages past runs that have been forgotten", async () => {
    const log = await open();
    const brief = await open({ keepFinishedMs: 1 });
    for (let index = 0; index < 12; index++) {
      const one = { ownerId: "ada", runId: String(index) };
      await log.create(one, newRun(`tea ${index}`));
      if (index % 3 === 0) continue;
      await brief.finish(one, { holder, first: 0, status: "completed", events: [] });
      await eventually(async () => (await log.get(one)) === undefined);
    }
    const first = await log.list("ada", { limit: 3 });
    const second = await log.list("ada", { limit: 3, cursor: first.cursor });
    expect([first, second].map(({ items }) => items.map(({ runId }) => runId))).toEqual([["9", "6", "3"], ["0"]]);
    expect(second.cursor).toBeUndefined();
  });

  it("serves 1,000 followers of 100 runs on one connection", async () => {
    const writer = await open();
    const reader = await open();
    const runs = Array.from({ length: 100 }, (_, index) => ({ ownerId: "ada", runId: String(index) }));
    for (const [index, one] of runs.entries()) await writer.create(one, newRun(String(index)));
    const redis = new Redis(url());
    const connections = async (): Promise<number> =>
      String(await redis.client("LIST")).split(`name=${prefix} `).length - 1;
    const before = await connections();
    const followers = runs.flatMap((one) => Array.from({ length: 10 }, () => follow(reader, one)));
    for (let first = 0; first < 3; first++) {
      await Promise.all(runs.map((one) => writer.append(one, { holder, first, events: [String(first)] })));
    }
    const opening = (await connections()) - before;
    for (const one of runs) await writer.finish(one, { holder, first: 3, status: "completed", events: ["end"] });
    for (const follower of followers) expect(await follower).toEqual(["0", "1", "2", "end"]);
    expect(opening).toBe(1);
    await eventually(async () => (await redis.pubsub("CHANNELS", `${prefix}:*`)).length === 0); // Nobody listens any more.
    await redis.quit();
  });

  it("loses and repeats nothing when Redis is restarted under load", async () => {
    await using server = await startRedis();
    const writer = await open({ at: server.url });
    const reader = await open({ at: server.url });
    const runs = Array.from({ length: 5 }, (_, index) => ({ ownerId: `owner ${index}`, runId: "r" }));
    for (const one of runs) await writer.create(one, newRun("tea"));
    const followers = [writer, reader, reader].flatMap((log) => runs.map((one) => follow(log, one)));

    const leaving = new AbortController();
    const counts = runs.map(async (one) => {
      let first = 0;
      for (; !leaving.signal.aborted; first++)
        await writer.append(one, { holder, first, events: [JSON.stringify({ event: first })] });
      await writer.finish(one, { holder, first, status: "completed", events: ['"end"'] });
      return first;
    });
    for (let restart = 0; restart < 2; restart++) {
      const { eventCount = 0 } = (await reader.get(runs[0] ?? key)) ?? {};
      await eventually(async () => ((await reader.get(runs[0] ?? key))?.eventCount ?? 0) > eventCount + 50);
      await server.restart();
    }
    leaving.abort();
    for (const [index, count] of (await Promise.all(counts)).entries()) {
      const expected = [...Array.from({ length: count }, (_, event) => JSON.stringify({ event })), '"end"'];
      for (let at = index; at < followers.length; at += runs.length) expect(await followers[at]).toEqual(expected);
      const one = runs[index] ?? key;
      expect(await follow(reader, one)).toEqual(expected);
    }
  }, 60_000);

  it("ends followers with `unavailable` when Redis stays away, and lets them go on later", async () => {
    await using server = await startRedis();
    const redis = new Redis(server.url, { lazyConnect: true });
    const connection = await openRedisConnection({ redis, prefix, timeoutMs: 500 });
    const log = new RedisRunLog({ connection });
    opened.unshift(log, connection);
    await log.create(key, newRun("tea"));
    await log.append(key, { holder, first: 0, events: ["0"] });
    const reader = log.read(key, { follow: true })[Symbol.asyncIterator]();
    expect(await reader.next()).toMatchObject({ value: [{ sequence: 0 }] });
    await server.stop();
    const late = log.read(key, { after: 0 })[Symbol.asyncIterator]();
    await expect(late.next()).rejects.toMatchObject({ code: "unavailable" });
    await expect(reader.next()).rejects.toMatchObject({ code: "unavailable" });
    await server.start();
    // What rejected with `unavailable` may have been written: whoever tries again looks first.
    await eventually(async () => {
      try {
        if ((await log.get(key))?.eventCount === 2) return true;
        await log.append(key, { holder, first: 1, events: ["1"] });
        return false;
      } catch (thrown) {
        if (RuntimeError.is(thrown)) return false;
        throw thrown;
      }
    });
    const again = log.read(key, { after: 0, follow: true })[Symbol.asyncIterator]();
    expect(await again.next()).toMatchObject({ value: [{ sequence: 1, data: "1" }] });
    await again.return?.();
  });
});
