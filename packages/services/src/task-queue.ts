import type { CallOptions } from "./call-options.ts";

export interface TaskKey {
  readonly queue: string;
  readonly taskId: string;
}

export interface Task extends TaskKey {
  /** JSON, as it was enqueued. */
  readonly payload: unknown;
  /** From 1: how often it has been tried, this time included. */
  readonly attempt: number;
}

export interface TaskRecord extends TaskKey {
  readonly payload: unknown;
  readonly status: "pending" | "running" | "finished" | "error" | "canceled";
  /** How often it has been begun. */
  readonly attempts: number;
  /** JSON: what the handler returned; null until it is `finished`. */
  readonly result: unknown;
  /** Why the last attempt failed, in the words of its error; undefined when none has, or once it is `finished`. */
  readonly error: string | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970; undefined until it is finished, in error or canceled. */
  readonly endedAt: number | undefined;
}

export interface EnqueueOptions extends CallOptions {
  /** Any text. A task that is there already under this id is left as it is, also once it has ended. Default: a new one. */
  readonly taskId?: string | undefined;
  /** Not before this much time has passed, in milliseconds. Default 0. Kept to the second. */
  readonly delayMs?: number | undefined;
  /** How often it may be begun, crashes included: 1 to 100. Default 3. */
  readonly maxAttempts?: number | undefined;
  /** The pause before the next attempt, in milliseconds. Default 1,000. Kept to the second. */
  readonly retryDelayMs?: number | undefined;
}

/** The signal is for the call alone: it does not end a worker. */
export interface WorkOptions extends CallOptions {
  /** How many tasks at once, in this worker: a whole number above 0. Default 1. */
  readonly concurrency?: number | undefined;
}

/**
 * Does one task. Its result is JSON, and null when there is none; what it throws, or a result that JSON cannot hold, makes
 * the attempt fail. The signal aborts with `canceled` when the task is canceled, and with `unavailable` when its queue is
 * disposed or its worker was taken for dead. What comes of the attempt after that is dropped.
 */
export type TaskWorker = (task: Task, options: { readonly signal: AbortSignal }) => Promise<unknown>;

export interface Schedule {
  /** Unique within its queue. */
  readonly name: string;
  /**
   * Minute, hour, day of month, month, day of week: five fields, as cron has them, with names, lists, ranges and steps.
   * Anything else is `invalid_argument`, as is a day that never comes.
   */
  readonly cron: string;
  /** An IANA time zone. Default "UTC". */
  readonly timeZone?: string | undefined;
  /** What its tasks are enqueued with. JSON. */
  readonly payload: unknown;
}

/**
 * Work that outlives its process: each task is done at least once, by whichever replica has a free worker. Queues and ids
 * are any text. Payloads and results are JSON; what JSON cannot hold is `invalid_argument`. Once disposed, every call
 * rejects with `unavailable`. `taskQueueContract` in `./testing` is the full text of this contract.
 *
 * Not in it: priorities, dependencies between tasks, rate limits.
 */
export interface TaskQueue extends AsyncDisposable {
  /** Adds a task. It waits, for days if it must, until somebody works on its queue. */
  enqueue(queue: string, payload: unknown, options?: EnqueueOptions): Promise<TaskKey>;

  /**
   * Takes tasks of a queue, oldest first, until the returned worker is disposed: that waits for the tasks under way. When
   * the whole queue is disposed, their signals abort and what is not done is done again by another replica.
   */
  work(queue: string, worker: TaskWorker, options?: WorkOptions): Promise<AsyncDisposable>;

  /** Undefined when there is none. Tasks that have ended are kept for a while, at least a day. */
  status(key: TaskKey, options?: CallOptions): Promise<TaskRecord | undefined>;

  /**
   * Ends a task that is pending or running as `canceled`: a pending one is never begun; the signal of a running one
   * aborts, on whichever replica, and its result is dropped. A task that has ended stays as it ended. `not_found` when
   * there is none.
   */
  cancel(key: TaskKey, options?: CallOptions): Promise<TaskRecord>;

  /**
   * Gives a task that ended as `error` or `canceled` one more attempt, without a delay. `conflict` when it did not,
   * `not_found` when there is none.
   */
  retry(key: TaskKey, options?: CallOptions): Promise<TaskRecord>;

  /** Enqueues a task whenever the time has come, once for all replicas. Replaces the schedule of the same name. */
  schedule(queue: string, schedule: Schedule, options?: CallOptions): Promise<void>;

  /** By name, with their time zones filled in. */
  schedules(queue: string, options?: CallOptions): Promise<readonly Schedule[]>;

  /** Ends a schedule; tasks that it has enqueued stay. What is not there is not an error. */
  unschedule(queue: string, name: string, options?: CallOptions): Promise<void>;
}
