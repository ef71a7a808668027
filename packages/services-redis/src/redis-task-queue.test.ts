import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { describeWithRedis, freshName } from "@agentscope-runtime-tooling/services";
import { describeContract, taskQueueContract } from "@agentscope-runtime/services/testing";
import { Redis } from "ioredis";
import { openRedisConnection } from "./redis-connection.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { RedisTaskQueue } from "./redis-task-queue.ts";

/** A way to Redis that can be cut. */
async function openWay(url: string): Promise<{ readonly port: number; cut(): void }> {
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(url);
  const server: Server = createServer((socket) => {
    const redis = connect(Number(port), hostname);
    for (const [one, other] of [
      [socket, redis],
      [redis, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describeWithRedis("RedisTaskQueue", (url) => {
  const opened: (() => Promise<void>)[] = [];
  const cuts = new WeakMap<RedisTaskQueue, () => void>();
  let prefix = "";

  async function open(): Promise<RedisTaskQueue> {
    const way = await openWay(url());
    const redis = new Redis(way.port, { lazyConnect: true });
    const connection: RedisConnection = await openRedisConnection({ redis, prefix, timeoutMs: 3000 });
    const queue = new RedisTaskQueue({ connection, stalledMs: 1000 });
    cuts.set(queue, () => {
      way.cut();
    });
    opened.push(async () => {
      await connection[Symbol.asyncDispose]();
      way.cut();
    });
    return queue;
  }

  afterEach(async () => {
    for (const close of opened.splice(0)) await close();
  });

  describeContract("RedisTaskQueue", taskQueueContract, {
    create: async () => {
      prefix = freshName();
      return open();
    },
    peer: open,
    crash: (queue) => cuts.get(queue as RedisTaskQueue)?.(),
  });
});
