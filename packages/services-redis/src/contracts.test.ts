import { describeWithRedis, freshName } from "@agentscope-runtime-tooling/services";
import { words } from "@agentscope-runtime/services";
import type { Embed } from "@agentscope-runtime/services";
import {
  describeContract,
  leasesContract,
  memoryContract,
  runLogContract,
  sessionHistoryContract,
  stateContract,
  topicContract,
} from "@agentscope-runtime/services/testing";
import { Redis } from "ioredis";
import { openRedisConnection } from "./redis-connection.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { RedisLeases } from "./redis-leases.ts";
import { RedisMemory } from "./redis-memory.ts";
import { RedisRunLog } from "./redis-run-log.ts";
import { RedisSessionHistory } from "./redis-session-history.ts";
import { RedisState } from "./redis-state.ts";
import { RedisTopic } from "./redis-topic.ts";

/** Texts are as near as the words that they share: each word is a direction, one of many. */
const embedWords: Embed = async (texts) =>
  texts.map((text) => {
    const vector = Array.from({ length: 1024 }, () => 0);
    for (const word of words(text)) {
      const direction = Buffer.from(word).reduce((hash, byte) => (hash * 33 + byte) % vector.length, 5);
      vector[direction] = (vector[direction] ?? 0) + 1;
    }
    return vector;
  });

describeWithRedis("on Redis", (url) => {
  const opened: AsyncDisposable[] = [];
  let prefix = "";

  async function connect(): Promise<RedisConnection> {
    const redis = new Redis(url(), { lazyConnect: true });
    const connection = await openRedisConnection({ redis, prefix });
    opened.push(connection);
    return connection;
  }

  /** What a replica opens: on keys of its own, or on those of the one before. */
  const connections = {
    fresh: () => {
      prefix = freshName();
      return connect();
    },
    again: connect,
  };

  afterEach(async () => {
    for (const connection of opened.splice(0)) await connection[Symbol.asyncDispose]();
  });

  describeContract("RedisLeases", leasesContract, {
    create: async () => new RedisLeases({ connection: await connections.fresh() }),
    peer: async () => new RedisLeases({ connection: await connections.again() }),
  });

  describeContract("RedisTopic", topicContract, {
    create: async () => new RedisTopic({ connection: await connections.fresh() }),
    peer: async () => new RedisTopic({ connection: await connections.again() }),
  });

  describeContract("RedisSessionHistory", sessionHistoryContract, {
    create: async () => new RedisSessionHistory({ connection: await connections.fresh() }),
    peer: async () => new RedisSessionHistory({ connection: await connections.again() }),
  });

  describeContract("RedisState", stateContract, {
    create: async () => new RedisState({ connection: await connections.fresh() }),
    peer: async () => new RedisState({ connection: await connections.again() }),
  });

  describeContract("RedisRunLog", runLogContract, {
    create: async () => new RedisRunLog({ connection: await connections.fresh() }),
    peer: async () => new RedisRunLog({ connection: await connections.again() }),
  });

  describeContract("RedisMemory", memoryContract, {
    create: async () => new RedisMemory({ connection: await connections.fresh() }),
    peer: async () => new RedisMemory({ connection: await connections.again() }),
  });

  describeContract("RedisMemory with an embedder", memoryContract, {
    create: async () => new RedisMemory({ connection: await connections.fresh(), embed: embedWords }),
    peer: async () => new RedisMemory({ connection: await connections.again(), embed: embedWords }),
  });
});
