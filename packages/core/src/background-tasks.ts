import { RuntimeError } from "@agentscope-runtime/protocol";
import type { TaskStatus } from "@agentscope-runtime/protocol";
import type { Logger } from "./logger.ts";

export interface TaskContext {
  readonly taskId: string;
  /** Aborts when the app closes. */
  readonly signal: AbortSignal;
}

/** Work that outlives its request. Its result is JSON; the values of an async iterable are collected to a list. */
export type TaskHandler = (body: unknown, context: TaskContext) => unknown;

interface Task {
  readonly ownerId: string;
  status: TaskStatus;
}

export interface BackgroundTasksOptions {
  readonly maxConcurrent: number;
  readonly logger: Logger;
}

const maxFinished = 1_000;

/** Background tasks of this process: as many at once as allowed, the rest in order. The last 1,000 that ended are kept. */
export class BackgroundTasks implements AsyncDisposable {
  readonly #options: BackgroundTasksOptions;
  readonly #tasks = new Map<string, Task>();
  readonly #finished: string[] = [];
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: BackgroundTasksOptions) {
    this.#options = options;
  }

  /** Begins, or queues, a task and returns its id. */
  submit(ownerId: string, handler: TaskHandler, body: unknown): string {
    if (this.#closing.signal.aborted) throw new RuntimeError("unavailable", "The server is shutting down.");
    const taskId = crypto.randomUUID();
    const task: Task = { ownerId, status: { status: "pending", result: null } };
    this.#tasks.set(taskId, task);
    this.#waiting.push(async () =>
      this.#run(taskId, task, () => handler(body, { taskId, signal: this.#closing.signal })),
    );
    this.#next();
    return taskId;
  }

  /** `not_found` when there is none, or when it is another owner's. */
  status(ownerId: string, taskId: string): TaskStatus {
    const task = this.#tasks.get(taskId);
    if (task?.ownerId !== ownerId) throw new RuntimeError("not_found", `There is no task ${taskId}.`);
    return task.status;
  }

  /** Aborts what runs, drops what waits, and waits until all have stopped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new RuntimeError("canceled", "The server is shutting down."));
    this.#waiting.length = 0;
    await Promise.all(this.#running);
  }

  #next(): void {
    while (this.#running.size < this.#options.maxConcurrent) {
      const start = this.#waiting.shift();
      if (start === undefined) return;
      const running = start().then(() => {
        this.#running.delete(running);
        this.#next();
      });
      this.#running.add(running);
    }
  }

  async #run(taskId: string, task: Task, work: () => unknown): Promise<void> {
    task.status = { status: "running", started_at: Date.now() / 1000, result: null };
    try {
      task.status = { status: "finished", result: await collected(await work()) };
    } catch (thrown) {
      this.#options.logger.error({ err: thrown, taskId }, "A background task failed.");
      task.status = { status: "error", result: RuntimeError.from(thrown).message };
    }
    this.#finished.push(taskId);
    if (this.#finished.length > maxFinished) this.#tasks.delete(this.#finished.shift() ?? "");
  }
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
