import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError, unreachable } from "@agentscope-runtime/protocol";
import type { TaskStatus } from "@agentscope-runtime/protocol";
import type { Task, TaskQueue } from "@agentscope-runtime/services";
import type { Logger } from "./logger.ts";

export interface TaskContext {
  readonly taskId: string;
  /** From 1. More than that when a replica died, or closed, in the middle of it. */
  readonly attempt: number;
  /** Aborts when the app closes. */
  readonly signal: AbortSignal;
}

/** Work that outlives its request. Its result is JSON; the values of an async iterable are collected to a list. */
export type TaskHandler = (body: unknown, context: TaskContext) => unknown;

export interface AppTasksOptions {
  readonly queue: TaskQueue;
  /** By path. */
  readonly handlers: Readonly<Record<string, TaskHandler>>;
  /** How many of each path at once, in this process. */
  readonly concurrency: number;
  readonly logger: Logger;
}

/** What a handler came to. What it throws is its result too, since only a crash is a reason to do the task again. */
type Outcome = { readonly result: unknown } | { readonly error: string };

/** As the queue keeps it: only `submit` writes there. */
interface Submitted {
  readonly ownerId: string;
  readonly body: unknown;
}

const mostAttempts = 10;
const workAgainMs = 2_000;

/** The background tasks of an app, on its task queue: with a durable one they outlive the process. */
export class AppTasks implements AsyncDisposable {
  readonly #options: AppTasksOptions;
  readonly #closing = new AbortController();
  readonly #workers: AsyncDisposable[] = [];
  #starting: Promise<unknown> | undefined;
  #problem: string | undefined;

  constructor(options: AppTasksOptions) {
    this.#options = options;
  }

  /** Why tasks are not done here, or undefined. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Begins to work. Goes on trying when the queue cannot be reached. */
  start(): void {
    this.#starting ??= Promise.all(Object.entries(this.#options.handlers).map(async (entry) => this.#work(...entry)));
  }

  /** Queues a task and returns its id. */
  async submit(path: string, ownerId: string, body: unknown): Promise<string> {
    if (this.#closing.signal.aborted) throw new RuntimeError("unavailable", "The server is shutting down.");
    const submitted: Submitted = { ownerId, body };
    const { taskId } = await this.#options.queue.enqueue(queueOf(path), submitted, { maxAttempts: mostAttempts });
    return taskId;
  }

  /** `not_found` when there is none, or when it is another owner's. */
  async status(path: string, ownerId: string, taskId: string): Promise<TaskStatus> {
    const record = await this.#options.queue.status({ queue: queueOf(path), taskId });
    if (record === undefined || (record.payload as Submitted).ownerId !== ownerId) {
      throw new RuntimeError("not_found", `There is no task ${taskId}.`);
    }
    switch (record.status) {
      case "pending":
        return { status: "pending", result: null };
      case "running":
        return { status: "running", started_at: record.createdAt / 1000, result: null };
      case "finished": {
        const outcome = record.result as Outcome; // Our own worker returned it.
        if ("error" in outcome) return { status: "error", result: outcome.error };
        return { status: "finished", result: outcome.result };
      }
      case "canceled":
        return { status: "error", result: "The task was canceled." };
      case "error":
        return { status: "error", result: "The task could not be done." };
      default:
        return unreachable(record.status);
    }
  }

  /** Aborts what runs, which another replica does again where the queue is shared, and waits until all have stopped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new RuntimeError("canceled", "The server is shutting down."));
    await this.#starting;
    for (const worker of this.#workers) await worker[Symbol.asyncDispose]();
  }

  async #work(path: string, handler: TaskHandler): Promise<void> {
    const { queue, concurrency, logger } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const worker = await queue.work(
          queueOf(path),
          async (task, options) => this.#do(task, handler, options.signal),
          {
            concurrency,
          },
        );
        this.#workers.push(worker);
        this.#problem = undefined;
        return;
      } catch (thrown) {
        const problem = RuntimeError.is(thrown) ? thrown.message : "The task queue cannot be reached.";
        if (this.#problem !== problem)
          logger.error({ err: thrown, path }, "Tasks are not done until their queue is back.");
        this.#problem = problem;
        await sleep(workAgainMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  async #do({ payload, taskId, attempt }: Task, handler: TaskHandler, stopped: AbortSignal): Promise<Outcome> {
    const signal = AbortSignal.any([stopped, this.#closing.signal]);
    try {
      const { body } = payload as Submitted;
      return { result: await collected(await handler(body, { taskId, attempt, signal })) };
    } catch (thrown) {
      signal.throwIfAborted(); // Interrupted is not failed: it is done again.
      this.#options.logger.error({ err: thrown, taskId }, "A background task failed.");
      return { error: RuntimeError.from(thrown).message };
    }
  }
}

function queueOf(path: string): string {
  return `tasks${path}`;
}

/** JSON of the result, which also keeps it as it was when the task ended. */
async function collected(value: unknown): Promise<unknown> {
  const whole =
    typeof value === "object" && value !== null && Symbol.asyncIterator in value
      ? await Array.fromAsync(value as AsyncIterable<unknown>)
      : value;
  const json = JSON.stringify(whole) as string | undefined; // Undefined for undefined and functions.
  return json === undefined ? null : JSON.parse(json);
}
