import { RuntimeError } from "@agentscope-runtime/protocol";
import {
  Lifetime,
  parseConcurrency,
  parseCron,
  parseEnqueueOptions,
  toErrorText,
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
import type { JobWithMetadata, PgBoss } from "pg-boss";
import type { Database } from "./database.ts";
import { patiently } from "./patiently.ts";
import { TaskCrew } from "./task-crew.ts";
import { openTaskEngine } from "./task-engine.ts";
import { toJobData, toJobId, toName, toTask, toTaskRecord } from "./task-job.ts";
import type { JobData, ScheduleData } from "./task-job.ts";
import { fromText, toText } from "./to-text.ts";

export interface PostgresTaskQueueOptions {
  /** Yours: it is not closed. */
  readonly database: Database;
  /**
   * After so many milliseconds without a sign of life a worker is dead, and its tasks are done again by others, which is
   * noticed within half of that time more. At least 10,000; kept to the second. Default 30,000.
   */
  readonly deadAfterMs?: number | undefined;
  /** How often a worker that waits looks for tasks whose delay or pause is over. Others are told at once. Default 1,000. */
  readonly lookEveryMs?: number | undefined;
}

/** The usual ones of a task. */
const scheduledTerms = { retryLimit: 2, retryDelay: 1 };

type Job = JobWithMetadata<JobData>;

/** An attempt under way. */
interface Attempt {
  readonly name: string;
  readonly job: Job;
  readonly stopping: AbortController;
}

const leastDeadAfterMs = 10_000;
const weekSeconds = 7 * 86_400;
/** How long a task may wait to be begun. */
const waitSeconds = 10 * 365 * 86_400;
/** How long one attempt may take: the engine has no more. */
const attemptSeconds = 86_400;

/**
 * Tasks on pg-boss, in a schema beside that of the database: its name and `_tasks`. An attempt has 24 hours. Tasks that have
 * ended are kept for 7 days.
 */
export class PostgresTaskQueue implements TaskQueue {
  readonly #lifetime = new Lifetime("PostgresTaskQueue");
  readonly #database: Database;
  readonly #deadAfterSeconds: number;
  readonly #lookEveryMs: number;
  /** The queues that are known to be there, by the engine's names. */
  readonly #queues = new Map<string, Promise<void>>();
  readonly #crews = new Map<string, Set<TaskCrew<Job>>>();
  readonly #attempts = new Map<string, Attempt>();
  #opening: Promise<PgBoss> | undefined;
  #hearing: Disposable | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #closingReason: RuntimeError | undefined;

  constructor({ database, deadAfterMs = 30_000, lookEveryMs = 1_000 }: PostgresTaskQueueOptions) {
    if (!(deadAfterMs >= leastDeadAfterMs)) {
      throw new RuntimeError("invalid_argument", `A worker is dead after ${leastDeadAfterMs} ms at the least.`, {
        details: { path: "deadAfterMs" },
      });
    }
    this.#database = database;
    this.#deadAfterSeconds = Math.ceil(deadAfterMs / 1000);
    this.#lookEveryMs = lookEveryMs;
  }

  enqueue(queue: string, payload: unknown, options?: EnqueueOptions): Promise<TaskKey> {
    return this.#lifetime.call(options, async () => {
      const text = toJsonText(payload, "payload");
      const { taskId, delayMs, maxAttempts, retryDelayMs } = parseEnqueueOptions(options);
      const name = toName(queue);
      const boss = await this.#bossWith(name);
      options?.signal?.throwIfAborted();
      await boss.send(name, toJobData(taskId, text), {
        id: toJobId(queue, taskId),
        startAfter: Math.ceil(delayMs / 1000),
        retryLimit: maxAttempts - 1,
        retryDelay: Math.ceil(retryDelayMs / 1000),
      });
      return { queue, taskId };
    });
  }

  work(queue: string, worker: TaskWorker, options?: WorkOptions): Promise<AsyncDisposable> {
    return this.#lifetime.call(options, async () => {
      const concurrency = parseConcurrency(options?.concurrency);
      const name = toName(queue);
      const boss = await this.#bossWith(name);
      this.#lifetime.assertOpen(options);
      const crew = new TaskCrew<Job>({
        concurrency,
        lookEveryMs: this.#lookEveryMs,
        take: async (limit) => boss.fetch<JobData>(name, { batchSize: limit, includeMetadata: true }),
        attempt: (job) => this.#attempt({ name, job, stopping: new AbortController() }, queue, worker),
      });
      const crews = this.#crews.get(name) ?? new Set();
      this.#crews.set(name, crews.add(crew));
      return {
        [Symbol.asyncDispose]: async () => {
          crews.delete(crew);
          await crew[Symbol.asyncDispose]();
        },
      };
    });
  }

  status(key: TaskKey, options?: CallOptions): Promise<TaskRecord | undefined> {
    return this.#lifetime.call(options, async () => {
      const job = await this.#find(key);
      return job && toTaskRecord(key.queue, job);
    });
  }

  cancel(key: TaskKey, options?: CallOptions): Promise<TaskRecord> {
    return this.#lifetime.call(options, async () => {
      const { id, name } = await this.#known(key);
      options?.signal?.throwIfAborted();
      const boss = await this.#boss();
      const { affected } = toReply(await boss.cancel(name, id));
      const job = await this.#known(key);
      // Whoever is at this attempt, or at one before it.
      if (affected > 0) await this.#database.tell("task", `${id} ${job.retryCount}`);
      return toTaskRecord(key.queue, job);
    });
  }

  retry(key: TaskKey, options?: CallOptions): Promise<TaskRecord> {
    return this.#lifetime.call(options, async () => {
      const job = await this.#known(key);
      const { id, name } = job;
      options?.signal?.throwIfAborted();
      const boss = await this.#boss();
      const { affected } = toReply(job.state === "failed" ? await boss.retry(name, id) : await boss.resume(name, id));
      if (affected === 0) throw new RuntimeError("conflict", "The task has neither failed nor been canceled.");
      await boss.update(name, undefined, { id, startAfter: 0 }); // Whatever pause it was in. It also tells the workers.
      return { ...toTaskRecord(key.queue, job), status: "pending", endedAt: undefined };
    });
  }

  schedule(queue: string, schedule: Schedule, options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      const { name, cron, timeZone = "UTC" } = schedule;
      const data: ScheduleData = { schedule: toText(name), payload: toJsonText(schedule.payload, "payload") };
      await parseCron(cron, timeZone);
      const boss = await this.#bossWith(toName(queue));
      options?.signal?.throwIfAborted();
      await boss.schedule(toName(queue), cron, data, { ...scheduledTerms, tz: timeZone, key: toName(name) });
    });
  }

  schedules(queue: string, options?: CallOptions): Promise<readonly Schedule[]> {
    return this.#lifetime.call(options, async () => {
      const boss = await this.#boss();
      const schedules = await boss.getSchedules(toName(queue), undefined, { limit: 100_000 });
      return schedules
        .map(({ cron, timezone, data }) => {
          const { schedule, payload } = data as ScheduleData; // What `schedule` has given it.
          return { name: fromText(schedule), cron, timeZone: timezone, payload: JSON.parse(payload) as unknown };
        })
        .toSorted((one, other) => (one.name < other.name ? -1 : 1));
    });
  }

  unschedule(queue: string, name: string, options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      const boss = await this.#boss();
      await boss.unschedule(toName(queue), toName(name));
    });
  }

  /** Waits until every worker has returned. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#lifetime.end();
    this.#closingReason = this.#lifetime.error();
    for (const { stopping } of this.#attempts.values()) stopping.abort(this.#closingReason);
    const crews = [...this.#crews.values()].flatMap((some) => [...some]);
    await Promise.all(crews.map((crew) => crew[Symbol.asyncDispose]()));
    clearInterval(this.#heartbeat);
    this.#hearing?.[Symbol.dispose]();
    const boss = await this.#opening?.catch(() => undefined);
    await boss?.stop({ graceful: false }).catch(() => undefined);
  }

  #boss(): Promise<PgBoss> {
    this.#opening ??= this.#open().catch((thrown: unknown) => {
      this.#opening = undefined; // The next one tries again.
      throw thrown;
    });
    return this.#opening;
  }

  async #open(): Promise<PgBoss> {
    this.#hearing ??= await this.#database.hear("task", {
      onMessage: (text) => {
        const [id = "", retryCount] = text.split(" ");
        const attempt = this.#attempts.get(id);
        if (attempt !== undefined && attempt.job.retryCount <= Number(retryCount)) stopCanceled(attempt);
      },
      onReconnect: () => void this.#beat(), // Which finds out what was canceled meanwhile.
    });
    const boss = await openTaskEngine({
      database: this.#database,
      deadAfterSeconds: this.#deadAfterSeconds,
      onWork: (name) => {
        const crews = name === undefined ? [...this.#crews.values()] : [this.#crews.get(name) ?? []];
        for (const some of crews) for (const crew of some) crew.wake();
      },
    });
    this.#heartbeat = setInterval(() => void this.#beat(), (this.#deadAfterSeconds * 1000) / 3);
    return boss;
  }

  /** The engine, when it has this queue. */
  async #bossWith(name: string): Promise<PgBoss> {
    const boss = await this.#boss();
    const creating =
      this.#queues.get(name) ??
      boss.createQueue(name, {
        notify: true,
        heartbeatSeconds: this.#deadAfterSeconds,
        expireInSeconds: attemptSeconds,
        retentionSeconds: waitSeconds,
        deleteAfterSeconds: weekSeconds,
      });
    this.#queues.set(name, creating);
    try {
      await creating;
    } catch (thrown) {
      this.#queues.delete(name);
      throw thrown;
    }
    return boss;
  }

  async #find({ queue, taskId }: TaskKey): Promise<Job | undefined> {
    const boss = await this.#boss();
    const name = toName(queue);
    // Whoever asks does not create a queue.
    if (!this.#queues.has(name) && (await boss.getQueue(name)) === null) return undefined;
    this.#queues.set(name, Promise.resolve());
    const [job] = await boss.findJobs<JobData>(name, { id: toJobId(queue, taskId) });
    if (job !== undefined || !uuid.test(taskId)) return job;
    // A task that a schedule has enqueued has the id that the engine gave it.
    const [scheduled] = await boss.findJobs<JobData>(name, { id: taskId });
    return scheduled?.data.taskId === undefined ? scheduled : undefined;
  }

  async #known(key: TaskKey): Promise<Job> {
    const job = await this.#find(key);
    if (job === undefined) throw new RuntimeError("not_found", "There is no such task.");
    return job;
  }

  async #attempt(attempt: Attempt, queue: string, worker: TaskWorker): Promise<void> {
    const { name, job, stopping } = attempt;
    const { signal } = stopping;
    this.#attempts.set(job.id, attempt);
    try {
      this.#lifetime.assertOpen();
      const result = await worker(toTask(queue, job), { signal });
      signal.throwIfAborted();
      const text = toJsonText(result ?? null, "result");
      await this.#settle(attempt, (boss) => boss.complete(name, job, { result: text }));
    } catch (thrown) {
      // It is not ours any more, unless it was stopped because we close: then it is given back.
      const isLost = signal.aborted && signal.reason !== this.#closingReason;
      const error = toText(toErrorText(thrown));
      if (!isLost) await this.#settle(attempt, (boss) => boss.fail(name, job, { error }));
    } finally {
      this.#forget(attempt);
    }
  }

  /** Says how an attempt ended. Where that cannot be said, others do the task again when this worker counts as dead. */
  async #settle(attempt: Attempt, say: (boss: PgBoss) => Promise<unknown>): Promise<void> {
    this.#forget(attempt); // From here on it is not stopped any more.
    const patienceMs = this.#closingReason === undefined ? this.#deadAfterSeconds * 1000 : 0;
    try {
      await patiently(patienceMs, async () => say(await this.#boss()));
    } catch {
      // Nobody is there to be told.
    }
  }

  #forget(attempt: Attempt): void {
    if (this.#attempts.get(attempt.job.id) === attempt) this.#attempts.delete(attempt.job.id);
  }

  /** Says that all attempts are alive, and stops those that are not ours any more. */
  async #beat(): Promise<void> {
    const byQueue = Map.groupBy(this.#attempts.values(), ({ name }) => name);
    for (const [name, attempts] of byQueue) {
      try {
        const boss = await this.#boss();
        const jobs = attempts.map(({ job }) => job);
        const { settled } = toReply(await boss.touch(name, jobs));
        for (const attempt of attempts) if (!settled.includes(attempt.job.id)) await this.#lose(boss, attempt);
      } catch {
        // That it cannot be said does not mean that it is not so.
      }
    }
  }

  async #lose(boss: PgBoss, attempt: Attempt): Promise<void> {
    const [job] = await boss.findJobs(attempt.name, { id: attempt.job.id });
    if (this.#attempts.get(attempt.job.id) !== attempt) return; // It has ended meanwhile.
    if (job?.state === "cancelled") stopCanceled(attempt);
    else attempt.stopping.abort(new RuntimeError("unavailable", "This worker was taken for dead."));
  }
}

/** What the engine answers to a command: its types keep that to themselves. */
interface CommandReply {
  /** How many jobs it was about. */
  readonly affected: number;
  /** Which ones; only of those commands that say who has an attempt. */
  readonly settled: readonly string[];
}

function toReply(reply: object): CommandReply {
  const { affected = 0, settled = [] } = reply as Partial<CommandReply>; // It has both; our tests rely on them.
  return { affected, settled };
}

function stopCanceled({ stopping }: Attempt): void {
  stopping.abort(new RuntimeError("canceled", "The task was canceled."));
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
