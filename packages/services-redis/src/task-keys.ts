import type { TaskKey } from "@agentscope-runtime/services";
import { encodeId } from "./encode-id.ts";
import type { RedisConnection } from "./redis-connection.ts";

/** Where tasks are kept: `task-scripts.ts` says what is in it. */
export class TaskKeys {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  task({ queue, taskId }: TaskKey): string {
    return this.#connection.key(["tasks", queue], "task", taskId);
  }

  outbox(queue: string): string {
    return this.#connection.key(["tasks", queue], "outbox");
  }

  /** Where is told which attempts are canceled. */
  channel(queue: string): string {
    return `${this.#connection.prefix}:tasks:${encodeId(queue)}`;
  }

  /** What the keys of BullMQ begin with. */
  get prefix(): string {
    return `${this.#connection.prefix}:bullmq`;
  }

  /** A queue as BullMQ knows it. It has no colon, is never empty, and is the hash tag of its keys. */
  static queueName(queue: string): string {
    return `{q-${encodeId(queue)}}`;
  }
}
