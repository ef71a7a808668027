import { describeWithRedis, freshName } from "@agentscope-runtime-tooling/services";
import type { Embed } from "@agentscope-runtime/services";
import { eventually } from "@agentscope-runtime/services/testing";
import { Redis } from "ioredis";
import { openRedisConnection } from "./redis-connection.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { RedisMemory } from "./redis-memory.ts";

const ada = { userId: "ada" };

/** Knows what a few words are about, one direction each. */
const embed: Embed = async (texts) =>
  texts.map((text) => [/tea|coffee|beverage/i.test(text) ? 3 : 0, /train|journey/i.test(text) ? 3 : 0]);

describeWithRedis("RedisMemory", (url) => {
  let prefix = "";
  let connection: RedisConnection;

  beforeEach(async () => {
    prefix = freshName();
    connection = await openRedisConnection({ redis: new Redis(url(), { lazyConnect: true }), prefix });
  });

  afterEach(async () => {
    await connection[Symbol.asyncDispose]();
  });

  async function keys(): Promise<string[]> {
    const redis = new Redis(url());
    const found: string[] = [];
    for await (const some of redis.scanStream({ match: `${prefix}:*` })) found.push(...(some as string[]));
    await redis.quit();
    return found;
  }

  it("leaves nothing behind of what it has forgotten", async () => {
    await using memory = new RedisMemory({ connection, embed });
    for (const scope of [ada, { ...ada, sessionId: "tea" }]) {
      await memory.add(scope, [{ text: "oolong tea" }, { text: "", ttlMs: 60_000 }, { text: "oolong oolong" }]);
    }
    const [first] = await memory.search(ada, "tea");
    await memory.delete(ada, [first?.id ?? ""]);
    expect(await keys()).not.toEqual([]);
    await memory.delete(ada);
    expect(await keys()).toEqual([]);
  });

  it("takes back the room of what has expired, also of users who do not come back", async () => {
    await using memory = new RedisMemory({ connection, embed });
    // The same shard as Ada's: its id has the same hash.
    await memory.add({ userId: "bCa", sessionId: "tea" }, [{ text: "oolong tea", ttlMs: 1 }]);
    await eventually(async () => {
      const added = await memory.add({ userId: "aba" }, [{ text: "tea" }]);
      await memory.delete(
        { userId: "aba" },
        added.map(({ id }) => id),
      );
      return (await keys()).length === 0;
    });
  });

  it("finds by meaning what shares no word with the query", async () => {
    await using memory = new RedisMemory({ connection, embed });
    const texts = ["Ada likes oolong tea", "Bob takes the train", "nothing in particular"];
    await memory.add(
      ada,
      texts.map((text) => ({ text })),
    );
    for (const [query, expected] of [
      ["favourite beverage", texts[0]],
      ["journey", texts[1]],
      ["particular", texts[2]],
    ]) {
      expect((await memory.search(ada, query ?? "")).map(({ text }) => text)).toEqual([expected]);
    }
  });

  it("puts what matches by words and by meaning before what matches by one of them", async () => {
    await using memory = new RedisMemory({ connection, embed });
    await memory.add(ada, [{ text: "coffee to go" }, { text: "hot tea" }, { text: "hot water" }]);
    const results = (await memory.search(ada, "hot beverage")).map(({ text }) => text);
    expect(results[0]).toBe("hot tea");
    expect(results.toSorted()).toEqual(["coffee to go", "hot tea", "hot water"]);
  });

  it("compares more vectors than it asks for at once", async () => {
    await using memory = new RedisMemory({ connection, embed });
    await memory.add(ada, [{ text: "the train" }, ...Array.from({ length: 450 }, () => ({ text: "tea" }))]);
    expect(await memory.search(ada, "journey", { limit: 1 })).toMatchObject([{ text: "the train" }]);
  });
});
