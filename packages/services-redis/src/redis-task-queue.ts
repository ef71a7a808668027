import { RuntimeError } from "@agentscope-runtime/protocol";
import {
  Lifetime,
  parseConcurrency,
  parseCron,
  parseEnqueueOptions,
  parseTtl,
  toJsonText,
} from "@agentscope-runtime/services";
import type {
  CallOptions,
  EnqueueOptions,
  Schedule,
  TaskKey,
  TaskQueue,
  TaskRecord,
  TaskWorker,
  WorkOptions,
} from "@agentscope-runtime/services";
import { bounded } from "./bounded.ts";
import { closeClient } from "./close-client.ts";
import { decodeId, encodeId } from "./encode-id.ts";
import type { RedisClient } from "./redis-client.ts";
import { reconnectDelay } from "./redis-connection.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { TaskCrew } from "./task-crew.ts";
import { TaskEngines } from "./task-engines.ts";
import { jobOptions, toJobId } from "./task-job.ts";
import { TaskKeys } from "./task-keys.ts";
import { noSuchTask, toTaskRow } from "./task-row.ts";
import type { TaskRow } from "./task-row.ts";
import { cancelTask, createTask, findDelivery, findTask, findUndelivered, retryTask } from "./task-scripts.ts";

export interface RedisTaskQueueOptions {
  /** Yours: it is not closed. */
  readonly connection: RedisConnection;
  /**
   * How long a worker may be silent before it is taken for dead, in milliseconds: what it did is done again after once or
   * twice that time. Default 10,000.
   */
  readonly stalledMs?: number | undefined;
  /** How long a task is kept once it has ended, in milliseconds. Default 7 days. */
  readonly keepEndedMs?: number | undefined;
}

/**
 * Tasks in Redis, handed out by BullMQ. Those who work need connections beyond the given one, with the same settings: one for
 * each worker, which waits for tasks, and one for all of them.
 */
export class RedisTaskQueue implements TaskQueue {
  readonly #lifetime = new Lifetime("RedisTaskQueue");
  readonly #connection: RedisConnection;
  readonly #stalledMs: number;
  readonly #keepEndedMs: number;
  readonly #keys: TaskKeys;
  readonly #engines: TaskEngines;
  readonly #crews = new Set<TaskCrew>();
  #client: RedisClient | undefined;
  /** From then on, a connection that breaks is not made again. */
  #isOver = false;

  constructor({ connection, stalledMs = 10_000, keepEndedMs = 7 * 24 * 3_600_000 }: RedisTaskQueueOptions) {
    this.#connection = connection;
    this.#stalledMs = parseTtl(stalledMs);
    this.#keepEndedMs = parseTtl(keepEndedMs);
    this.#keys = new TaskKeys(connection);
    this.#engines = new TaskEngines(connection, this.#keys);
  }

  async enqueue(queue: string, payload: unknown, options?: EnqueueOptions): Promise<TaskKey> {
    this.#lifetime.assertOpen(options);
    const { taskId, delayMs, maxAttempts, retryDelayMs } = parseEnqueueOptions(options);
    const text = toJsonText(payload, "payload");
    const key = { queue, taskId };
    const created = await this.#connection.write(createTask, {
      keys: [this.#keys.task(key), this.#keys.outbox(queue)],
      args: [encodeId(taskId), text, delayMs, maxAttempts, retryDelayMs],
      signal: options?.signal,
    });
    if (created === "done") await this.#deliver(key, { generation: "0", delayMs }, options?.signal);
    return key;
  }

  async work(queue: string, worker: TaskWorker, options?: WorkOptions): Promise<AsyncDisposable> {
    this.#lifetime.assertOpen(options);
    const concurrency = parseConcurrency(options?.concurrency);
    const crew = await TaskCrew.open({
      connection: this.#connection,
      keys: this.#keys,
      client: this.#workersClient(),
      queue,
      worker,
      concurrency,
      stalledMs: this.#stalledMs,
      keepEndedMs: this.#keepEndedMs,
      onPulse: () => this.#deliverAgain(queue),
    });
    this.#crews.add(crew);
    const dispose = async (): Promise<void> => {
      await crew[Symbol.asyncDispose]();
      this.#crews.delete(crew);
    };
    try {
      const bounds = { timeoutMs: this.#connection.timeoutMs, signal: options?.signal, tooLate };
      this.#lifetime.assertOpen(options); // Much may have happened meanwhile.
      await bounded(crew.begin(), bounds);
      this.#lifetime.assertOpen(options);
    } catch (thrown) {
      dispose().catch(() => undefined); // It has taken nothing.
      throw thrown;
    }
    return { [Symbol.asyncDispose]: dispose };
  }

  async status(key: TaskKey, options?: CallOptions): Promise<TaskRecord | undefined> {
    this.#lifetime.assertOpen(options);
    const reply = await this.#connection.read(findTask, { keys: [this.#keys.task(key)], signal: options?.signal });
    return toTaskRow(key, reply)?.record;
  }

  async cancel(key: TaskKey, options?: CallOptions): Promise<TaskRecord> {
    this.#lifetime.assertOpen(options);
    const { queue, taskId } = key;
    const reply = await this.#connection.write(cancelTask, {
      keys: [this.#keys.task(key), this.#keys.outbox(queue)],
      args: [encodeId(taskId), this.#keys.channel(queue), this.#keepEndedMs],
      signal: options?.signal,
    });
    const row = toTaskRow(key, reply);
    if (row === undefined) throw noSuchTask();
    void this.#withdraw(row);
    return row.record;
  }

  async retry(key: TaskKey, options?: CallOptions): Promise<TaskRecord> {
    this.#lifetime.assertOpen(options);
    const { queue, taskId } = key;
    const reply = await this.#connection.write(retryTask, {
      keys: [this.#keys.task(key), this.#keys.outbox(queue)],
      args: [encodeId(taskId)],
      signal: options?.signal,
    });
    if (typeof reply === "string") {
      const message = "Only a task that ended as error or canceled is tried again.";
      throw new RuntimeError("conflict", message, { details: { status: reply } });
    }
    const row = reply === null ? undefined : toTaskRow(key, reply);
    if (row === undefined) throw noSuchTask();
    await this.#deliver(key, { generation: row.generation, delayMs: 0 }, options?.signal);
    return row.record;
  }

  async schedule(queue: string, schedule: Schedule, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const { name, cron, timeZone = "UTC" } = schedule;
    const data = { name, cron, timeZone, payload: toJsonText(schedule.payload, "payload") };
    await parseCron(cron, timeZone);
    this.#lifetime.assertOpen(options);
    await this.#engines.use(
      queue,
      (engine) =>
        engine.upsertJobScheduler(
          toSchedulerId(name),
          { pattern: cron, tz: timeZone },
          { name: "scheduled", data, opts: jobOptions },
        ),
      options?.signal,
    );
  }

  async schedules(queue: string, options?: CallOptions): Promise<readonly Schedule[]> {
    this.#lifetime.assertOpen(options);
    const found = await this.#engines.use(queue, (engine) => engine.getJobSchedulers(), options?.signal);
    const schedules = found.flatMap(({ template }): Schedule[] => {
      const data = template?.data;
      if (data === undefined || !("cron" in data)) return [];
      return [{ ...data, payload: JSON.parse(data.payload) }];
    });
    return schedules.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  async unschedule(queue: string, name: string, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    await this.#engines.use(queue, (engine) => engine.removeJobScheduler(toSchedulerId(name)), options?.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    this.#isOver = true;
    const crews = [...this.#crews];
    for (const crew of crews) crew.abandon(this.#lifetime.error());
    const closing = Promise.allSettled(crews.map((crew) => crew[Symbol.asyncDispose]()));
    const bounds = { timeoutMs: this.#connection.timeoutMs, tooLate };
    // Redis may be away: then what was under way is found by others to be silent.
    await bounded(closing, bounds).catch(() => undefined);
    if (this.#client !== undefined) await closeClient(this.#client);
    await closing;
    await this.#engines[Symbol.asyncDispose]();
  }

  /** Gives a pending task to BullMQ. Twice is as good as once. */
  async #deliver(
    { queue, taskId }: TaskKey,
    { generation, delayMs }: { readonly generation: string; readonly delayMs: number },
    signal?: AbortSignal,
  ): Promise<void> {
    const options = { ...jobOptions, jobId: toJobId(taskId, generation), delay: delayMs };
    await this.#engines.use(queue, (engine) => engine.add("task", { taskId, generation }, options), signal);
    await this.#connection.command(["ZREM", this.#keys.outbox(queue), encodeId(taskId)], signal);
  }

  /** Gives BullMQ what somebody could not: he has crashed in the middle of it. */
  async #deliverAgain(queue: string): Promise<void> {
    const undelivered = { keys: [this.#keys.outbox(queue)], args: [this.#stalledMs] };
    const names = (await this.#connection.read(findUndelivered, undelivered)) as readonly string[]; // Our own script's.
    for (const name of names) {
      const key = { queue, taskId: decodeId(name) };
      const delivery = await this.#connection.read(findDelivery, { keys: [this.#keys.task(key)] });
      if (delivery === null) {
        await this.#connection.command(["ZREM", this.#keys.outbox(queue), name]);
      } else {
        const [generation, delay] = delivery as readonly [string, string]; // Our own script's.
        await this.#deliver(key, { generation, delayMs: Number(delay) });
      }
    }
  }

  /** What BullMQ hands out of a canceled task does nothing; this spares it from being kept until then. */
  async #withdraw({ record, generation }: TaskRow): Promise<void> {
    if (record.status !== "canceled") return;
    const { queue, taskId } = record;
    try {
      await this.#engines.use(queue, (engine) => engine.remove(toJobId(taskId, generation)));
    } catch {
      // It stays until its time comes.
    }
  }

  #workersClient(): RedisClient {
    if (this.#client !== undefined) return this.#client;
    // As BullMQ wants it: what it sends waits until Redis is there.
    const client = this.#connection.duplicate({
      enableOfflineQueue: true,
      autoResendUnfulfilledCommands: true,
      maxRetriesPerRequest: null,
      socketTimeout: undefined,
      retryStrategy: (times) => (this.#isOver ? null : reconnectDelay(times)),
    });
    client.on("error", () => undefined); // It tries again by itself.
    this.#client = client;
    return client;
  }
}

function toSchedulerId(name: string): string {
  return `s-${encodeId(name)}`; // BullMQ wants one that is not empty.
}

function tooLate(): RuntimeError {
  return new RuntimeError("unavailable", "Redis cannot be reached. Check that it runs.");
}
