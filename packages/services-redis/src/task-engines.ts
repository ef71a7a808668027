import { parseCron } from "@agentscope-runtime/services";
import type { Queue, RepeatStrategy } from "bullmq";
import type * as BullMq from "bullmq";
import type { RedisClient } from "./redis-client.ts";
import type { RedisConnection } from "./redis-connection.ts";
import type { JobData } from "./task-job.ts";
import { TaskKeys } from "./task-keys.ts";

export type Engine = Queue<JobData>;

/** So many are kept: names that are used once do not add up. */
const mostEngines = 100;

/** BullMQ's queues by name, on the connection that all share. */
export class TaskEngines implements AsyncDisposable {
  readonly #connection: RedisConnection;
  readonly #keys: TaskKeys;
  readonly #engines = new Map<string, Engine>();

  constructor(connection: RedisConnection, keys: TaskKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  /** Asks BullMQ for something that may be asked twice. */
  use<T>(queue: string, ask: (engine: Engine) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#connection.attempt(async (client) => {
      // Loaded when it is needed: most who import this package enqueue nothing.
      const bullmq = await import("bullmq");
      return ask(this.#engine(bullmq, queue, client));
    }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#engines.values(), (engine) => engine.close()));
    this.#engines.clear();
  }

  /** The one that was used last stands last. */
  #engine(bullmq: typeof BullMq, queue: string, client: RedisClient): Engine {
    const engine = this.#engines.get(queue) ?? this.#open(bullmq, queue, client);
    this.#engines.delete(queue);
    this.#engines.set(queue, engine);
    for (const [name, oldest] of this.#engines) {
      if (this.#engines.size <= mostEngines) break;
      this.#engines.delete(name);
      void oldest.close();
    }
    return engine;
  }

  #open({ Queue }: typeof BullMq, queue: string, client: RedisClient): Engine {
    const engine: Engine = new Queue(TaskKeys.queueName(queue), {
      connection: client,
      prefix: this.#keys.prefix,
      skipVersionCheck: true, // A round trip each; workers do it.
      streams: { events: { maxLen: 100 } }, // Nobody reads them.
      settings: { repeatStrategy },
    });
    engine.on("error", () => undefined); // Who asked is told.
    return engine;
  }
}

/** The same times as `parseCron` allows for. */
export const repeatStrategy: RepeatStrategy = async (millis, { pattern = "", tz }) => {
  const timetable = await parseCron(pattern, tz);
  return timetable.next(millis);
};
