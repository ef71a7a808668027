// Apart from the one on Postgres: both wait for minutes and crashes, and need not wait for each other.
import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { describeContract, taskQueueContract } from "@agentscope-runtime/services/testing";
import { openPGlite, PostgresTaskQueue } from "./index.ts";
import type { Database } from "./index.ts";

describeDatabases({ openPGlite }, (databases) => {
  const used = new Map<PostgresTaskQueue, Database>();

  function open(database: Database): PostgresTaskQueue {
    const queue = new PostgresTaskQueue({ database, deadAfterMs: 10_000 });
    used.set(queue, database);
    return queue;
  }

  describeContract("PostgresTaskQueue", taskQueueContract, {
    create: async () => open(await databases.open()),
    peer: async () => open(await databases.openPeer()),
    // Without its database it can say nothing any more.
    crash: async (queue: PostgresTaskQueue) => used.get(queue)?.[Symbol.asyncDispose](),
  });
});
