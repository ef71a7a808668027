import { describeWithRedis, freshName } from "@agentscope-runtime-tooling/services";
import { describeContract, eventually, taskQueueContract } from "@agentscope-runtime/services/testing";
import type { TaskQueue } from "@agentscope-runtime/services";
import { Redis } from "ioredis";
import { openRedisConnection } from "./redis-connection.ts";
import { RedisTaskQueue } from "./redis-task-queue.ts";
import { openWayToRedis } from "./testing/way-to-redis.ts";

describeWithRedis("tasks on Redis", (url) => {
  const opened: AsyncDisposable[] = [];
  const crashes = new WeakMap<TaskQueue, () => void>();
  let prefix = "";

  /** A replica, on keys of its own or on those of the one before. */
  async function open(of = prefix): Promise<RedisTaskQueue> {
    prefix = of;
    const way = await openWayToRedis(url());
    opened.unshift(way);
    const connection = await openRedisConnection({ redis: new Redis(way.port, { lazyConnect: true }), prefix });
    opened.unshift(connection);
    const queue = new RedisTaskQueue({ connection, stalledMs: 1000 });
    crashes.set(queue, () => {
      way.cut();
    });
    return queue;
  }

  afterEach(async () => {
    for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
  });

  describeContract("RedisTaskQueue", taskQueueContract, {
    create: () => open(freshName()),
    peer: () => open(),
    crash: (queue) => crashes.get(queue)?.(),
  });

  it("delivers what somebody enqueued who crashed in the middle of it", async () => {
    await using queue = await open(freshName());
    const redis = new Redis(url());
    const done: unknown[] = [];
    const key = await queue.enqueue("mail", "hello", { taskId: "t1" });
    // As if BullMQ had never heard of it.
    const jobs = await redis.keys(`${prefix}:bullmq:*`);
    await redis.del(...jobs);
    await redis.zadd(`${prefix}:{tasks:mail}:outbox`, 1, "t1");
    await redis.quit();
    await queue.work("mail", async ({ payload }) => done.push(payload));
    await eventually(async () => (await queue.status(key))?.status === "finished");
    expect(done).toEqual(["hello"]);
  });

  it("forgets a task some time after it has ended, and takes its id for another", async () => {
    await using first = await open(freshName());
    const connection = opened[0] as Awaited<ReturnType<typeof openRedisConnection>>; // The one opened last.
    await using queue = new RedisTaskQueue({ connection, keepEndedMs: 50 });
    const key = await queue.enqueue("mail", "one", { taskId: "t1" });
    expect(await first.status(key)).toMatchObject({ status: "pending" });
    await queue.cancel(key);
    await eventually(async () => (await queue.status(key)) === undefined);
    await queue.enqueue("mail", "two", { taskId: "t1" });
    expect(await queue.status(key)).toMatchObject({ status: "pending", payload: "two" });
  });
});
