import { RuntimeError } from "@agentscope-runtime/protocol";
import { Alarm } from "./alarm.ts";
import type { CallOptions } from "./call-options.ts";
import { InProcessSchedules } from "./in-process-schedules.ts";
import { InProcessTask } from "./in-process-task.ts";
import type { Outcome } from "./in-process-task.ts";
import { Lifetime } from "./lifetime.ts";
import { Line } from "./line.ts";
import { parseCron } from "./parse-cron.ts";
import { parseConcurrency, parseEnqueueOptions } from "./parse-task-options.ts";
import type {
  EnqueueOptions,
  Schedule,
  Task,
  TaskKey,
  TaskQueue,
  TaskRecord,
  TaskWorker,
  WorkOptions,
} from "./task-queue.ts";
import { toErrorText } from "./to-error-text.ts";
import { toJsonText } from "./to-json-text.ts";

export interface InProcessTaskQueueOptions {
  /** How many tasks that have ended are remembered. Default 10,000. */
  readonly maxEndedTasks?: number;
  /** Milliseconds since 1970. `Date.now` by default. */
  readonly now?: () => number;
}

interface Crew {
  readonly worker: TaskWorker;
  readonly concurrency: number;
  readonly underWay: Set<Promise<void>>;
}

/** One queue. */
interface Lane {
  readonly tasks: Map<string, InProcessTask>;
  /** Their time has come, and nobody has taken them. */
  readonly waiting: Line<InProcessTask>;
  readonly crews: Set<Crew>;
}

/**
 * Tasks among the parts of one process: they end with it. Disposing it waits until every worker has returned.
 *
 * What has not ended is never forgotten. Of the rest `maxEndedTasks` are remembered, for as long as that takes: beyond
 * them, those that ended first are forgotten, and their ids are free again.
 */
export class InProcessTaskQueue implements TaskQueue {
  readonly #lifetime = new Lifetime("InProcessTaskQueue");
  readonly #maxEndedTasks: number;
  readonly #now: () => number;
  readonly #schedules: InProcessSchedules;
  readonly #lanes = new Map<string, Lane>();
  /** For those whose time has not come. */
  readonly #alarms = new Map<InProcessTask, Alarm>();
  /** In the order in which they ended. */
  readonly #ended = new Line<InProcessTask>();
  readonly #underWay = new Set<Promise<void>>();

  constructor({ maxEndedTasks = 10_000, now = Date.now }: InProcessTaskQueueOptions = {}) {
    this.#maxEndedTasks = maxEndedTasks;
    this.#now = now;
    this.#schedules = new InProcessSchedules({
      now,
      onDue: (queue, payload) => {
        this.#add(queue, payload);
      },
    });
  }

  async enqueue(queue: string, payload: unknown, options?: EnqueueOptions): Promise<TaskKey> {
    this.#lifetime.assertOpen(options);
    return this.#add(queue, toJsonText(payload, "payload"), options);
  }

  async work(queue: string, worker: TaskWorker, options?: WorkOptions): Promise<AsyncDisposable> {
    this.#lifetime.assertOpen(options);
    const crew: Crew = { worker, concurrency: parseConcurrency(options?.concurrency), underWay: new Set() };
    this.#lane(queue).crews.add(crew);
    this.#begin(queue);
    return {
      [Symbol.asyncDispose]: async () => {
        this.#lanes.get(queue)?.crews.delete(crew);
        this.#sweep(queue);
        await Promise.all(crew.underWay);
      },
    };
  }

  async status(key: TaskKey, options?: CallOptions): Promise<TaskRecord | undefined> {
    this.#lifetime.assertOpen(options);
    return this.#lanes.get(key.queue)?.tasks.get(key.taskId)?.toRecord();
  }

  async cancel(key: TaskKey, options?: CallOptions): Promise<TaskRecord> {
    this.#lifetime.assertOpen(options);
    const task = this.#find(key);
    if (!task.ended) {
      this.#lanes.get(key.queue)?.waiting.remove(task);
      this.#silence(task);
      task.cancel(this.#now());
      this.#remember(task);
    }
    return task.toRecord();
  }

  async retry(key: TaskKey, options?: CallOptions): Promise<TaskRecord> {
    this.#lifetime.assertOpen(options);
    const task = this.#find(key);
    task.retry();
    this.#ended.remove(task);
    const record = task.toRecord();
    this.#await(task, 0);
    return record;
  }

  async schedule(queue: string, schedule: Schedule, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const { name, cron, timeZone = "UTC" } = schedule;
    const payload = toJsonText(schedule.payload, "payload");
    const timetable = await parseCron(cron, timeZone);
    this.#lifetime.assertOpen(options);
    this.#schedules.set(queue, { name, cron, timeZone, payload, timetable });
  }

  async schedules(queue: string, options?: CallOptions): Promise<readonly Schedule[]> {
    this.#lifetime.assertOpen(options);
    return this.#schedules.list(queue);
  }

  async unschedule(queue: string, name: string, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    this.#schedules.remove(queue, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    this.#schedules.clear();
    for (const alarm of this.#alarms.values()) alarm.stop();
    const tasks = [...this.#lanes.values()].flatMap((lane) => [...lane.tasks.values()]);
    this.#alarms.clear();
    this.#lanes.clear();
    for (const task of tasks) task.stop(this.#lifetime.error());
    await Promise.all(this.#underWay);
  }

  #add(queue: string, payload: string, options?: EnqueueOptions): TaskKey {
    const { taskId, delayMs, maxAttempts, retryDelayMs } = parseEnqueueOptions(options);
    const key = { queue, taskId };
    const { tasks } = this.#lane(queue);
    if (!tasks.has(taskId)) {
      const task = new InProcessTask({ key, payload, createdAt: this.#now(), maxAttempts, retryDelayMs });
      tasks.set(taskId, task);
      this.#await(task, delayMs);
    }
    return { ...key };
  }

  /** Lets a task be taken as soon as its time has come. */
  #await(task: InProcessTask, delayMs: number): void {
    const { queue } = task.key;
    const come = (): void => {
      this.#alarms.delete(task);
      this.#lane(queue).waiting.add(task);
      this.#begin(queue);
    };
    if (delayMs === 0) come();
    else this.#alarms.set(task, new Alarm({ at: this.#now() + delayMs, now: this.#now }, come));
  }

  #silence(task: InProcessTask): void {
    this.#alarms.get(task)?.stop();
    this.#alarms.delete(task);
  }

  /** Gives what waits to those who are free. */
  #begin(queue: string): void {
    const lane = this.#lanes.get(queue);
    if (lane === undefined) return;
    for (;;) {
      const crew = [...lane.crews].find(({ underWay, concurrency }) => underWay.size < concurrency);
      if (crew === undefined) return;
      const task = lane.waiting.shift();
      if (task === undefined) return;
      const done = this.#attempt(task, crew.worker).then(() => {
        this.#underWay.delete(done);
        crew.underWay.delete(done);
        this.#begin(queue);
      });
      this.#underWay.add(done);
      crew.underWay.add(done);
    }
  }

  async #attempt(task: InProcessTask, worker: TaskWorker): Promise<void> {
    const { task: told, signal } = task.begin();
    const outcome = await outcomeOf(worker, told, signal);
    if (!task.settle(signal, outcome, this.#now())) return;
    if (task.ended) this.#remember(task);
    else this.#await(task, task.retryDelayMs);
  }

  /** For as long as not too many others have ended since. */
  #remember(task: InProcessTask): void {
    this.#ended.add(task);
    if (this.#ended.size <= this.#maxEndedTasks) return;
    const forgotten = this.#ended.shift()?.key;
    if (forgotten === undefined) return;
    this.#lanes.get(forgotten.queue)?.tasks.delete(forgotten.taskId);
    this.#sweep(forgotten.queue);
  }

  #lane(queue: string): Lane {
    const lane = this.#lanes.get(queue) ?? { tasks: new Map(), waiting: new Line(), crews: new Set() };
    this.#lanes.set(queue, lane);
    return lane;
  }

  /** Names that are used once do not add up. */
  #sweep(queue: string): void {
    const lane = this.#lanes.get(queue);
    if (lane?.tasks.size === 0 && lane.crews.size === 0) this.#lanes.delete(queue);
  }

  #find({ queue, taskId }: TaskKey): InProcessTask {
    const task = this.#lanes.get(queue)?.tasks.get(taskId);
    if (task === undefined) throw new RuntimeError("not_found", "There is no such task.");
    return task;
  }
}

async function outcomeOf(worker: TaskWorker, task: Task, signal: AbortSignal): Promise<Outcome> {
  await Promise.resolve(); // Not inside of the call that made it possible.
  try {
    const result = await worker(task, { signal });
    return { result: result === undefined ? "null" : toJsonText(result, "result") };
  } catch (thrown) {
    return { error: toErrorText(thrown) };
  }
}
