import { openRedisConnection } from "./redis-connection.ts";
import type { RedisConnectionOptions } from "./redis-connection.ts";
import { RedisLeases } from "./redis-leases.ts";
import { RedisMemory } from "./redis-memory.ts";
import type { RedisMemoryOptions } from "./redis-memory.ts";
import { RedisRunLog } from "./redis-run-log.ts";
import type { RedisRunLogOptions } from "./redis-run-log.ts";
import { RedisSessionHistory } from "./redis-session-history.ts";
import { RedisState } from "./redis-state.ts";
import { RedisTaskQueue } from "./redis-task-queue.ts";
import type { RedisTaskQueueOptions } from "./redis-task-queue.ts";
import { RedisTopic } from "./redis-topic.ts";

export interface RedisServicesOptions extends RedisConnectionOptions {
  readonly memory?: Omit<RedisMemoryOptions, "connection"> | undefined;
  readonly runLog?: Omit<RedisRunLogOptions, "connection"> | undefined;
  readonly tasks?: Omit<RedisTaskQueueOptions, "connection"> | undefined;
}

/** All services on one Redis. They end together. */
export interface RedisServices extends AsyncDisposable {
  readonly sessions: RedisSessionHistory;
  readonly state: RedisState;
  readonly memory: RedisMemory;
  readonly runLog: RedisRunLog;
  readonly topic: RedisTopic;
  readonly leases: RedisLeases;
  readonly tasks: RedisTaskQueue;
}

/**
 * Connects to Redis and gives all services on it. Rejects with `unavailable` when Redis cannot be reached within
 * `timeoutMs`.
 */
export async function openRedisServices(options: RedisServicesOptions): Promise<RedisServices> {
  const connection = await openRedisConnection(options);
  const services = {
    sessions: new RedisSessionHistory({ connection }),
    state: new RedisState({ connection }),
    memory: new RedisMemory({ ...options.memory, connection }),
    runLog: new RedisRunLog({ ...options.runLog, connection }),
    topic: new RedisTopic({ connection }),
    leases: new RedisLeases({ connection }),
    tasks: new RedisTaskQueue({ ...options.tasks, connection }),
  };
  return {
    ...services,
    [Symbol.asyncDispose]: async () => {
      try {
        await Promise.all(Object.values(services).map((service) => service[Symbol.asyncDispose]()));
      } finally {
        await connection[Symbol.asyncDispose]();
      }
    },
  };
}
