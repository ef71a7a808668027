import type { Task, TaskKey, TaskQueue, TaskRecord, TaskWorker } from "../task-queue.ts";
import { eventually } from "./eventually.ts";
import type { EventuallyOptions } from "./eventually.ts";

/** Engines look for work, for cancels and for what is due every second or so, and machines are busy. */
export const patience: EventuallyOptions = { timeoutMs: 20_000, intervalMs: 25 };

/** A task under way that ends when the check says so, or when its signal aborts. */
export interface HeldTask {
  readonly task: Task;
  readonly signal: AbortSignal;
  readonly finish: (result: unknown) => void;
  readonly fail: (error: Error) => void;
}

/** A worker that only begins its tasks. Those under way when the check is over end with their queue. */
export class HoldingWorker {
  /** In the order in which they were begun. */
  readonly begun: HeldTask[] = [];

  readonly worker: TaskWorker = (task, { signal }) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.begun.push({ task, signal, finish: resolve, fail: reject });
    const stop = (): void => {
      reject(signal.reason as Error); // A RuntimeError, as the contract has it.
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
    return promise;
  };

  /** Waits until so many have been begun, and gives the last of them. */
  async nth(count: number, options: EventuallyOptions = patience): Promise<HeldTask> {
    return eventually(() => this.begun[count - 1], options);
  }
}

/** Waits until a task has this status. Throws when it has ended in another way. */
export async function untilStatus(
  queue: TaskQueue,
  key: TaskKey,
  status: TaskRecord["status"],
  options: EventuallyOptions = patience,
): Promise<TaskRecord> {
  return eventually(async () => {
    const record = await queue.status(key);
    if (record?.status === status) return record;
    if (record?.endedAt === undefined) return undefined;
    throw new Error(`${key.taskId} should be ${status}, but is ${record.status}: ${record.error ?? "no error"}`);
  }, options);
}

/** Waits until all have finished. */
export async function untilFinished(queue: TaskQueue, keys: readonly TaskKey[]): Promise<TaskRecord[]> {
  const records: TaskRecord[] = [];
  for (const key of keys) records.push(await untilStatus(queue, key, "finished"));
  return records;
}

/** Enqueues so many tasks one after the other. Their payloads are their numbers from 0. */
export async function enqueueMany(queue: TaskQueue, name: string, count: number): Promise<TaskKey[]> {
  const keys: TaskKey[] = [];
  for (let payload = 0; payload < count; payload++) keys.push(await queue.enqueue(name, payload));
  return keys;
}

/** Lets work of another queue be taken and done: what a worker should not have done by then, it does not do. */
export async function busyElsewhere(queue: TaskQueue): Promise<void> {
  const name = crypto.randomUUID();
  const worker = await queue.work(name, async () => null);
  await untilFinished(queue, await enqueueMany(queue, name, 2));
  await worker[Symbol.asyncDispose]();
}
