import { RuntimeError } from "@agentscope-runtime/protocol";
import type { EnqueueOptions } from "./task-queue.ts";

const mostAttempts = 100;

export interface TaskTerms {
  readonly taskId: string;
  readonly delayMs: number;
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
}

/** What a task is enqueued with, defaults filled in; `invalid_argument` for what is out of range. */
export function parseEnqueueOptions(options: EnqueueOptions = {}): TaskTerms {
  const { taskId = crypto.randomUUID(), delayMs = 0, maxAttempts = 3, retryDelayMs = 1000 } = options;
  if (!isWhole(delayMs)) throw outOfRange("delayMs", aPause);
  if (!isWhole(retryDelayMs)) throw outOfRange("retryDelayMs", aPause);
  if (!isWhole(maxAttempts) || maxAttempts < 1 || maxAttempts > mostAttempts)
    throw outOfRange("maxAttempts", `A task has 1 to ${mostAttempts} attempts.`);
  return { taskId, delayMs, maxAttempts, retryDelayMs };
}

/** How many tasks a worker does at once: `invalid_argument` unless it is a whole number above 0. */
export function parseConcurrency(concurrency = 1): number {
  if (isWhole(concurrency) && concurrency > 0) return concurrency;
  throw outOfRange("concurrency", "A worker does a whole number of tasks at once, above 0.");
}

const aPause = "A delay or a pause is a whole number of milliseconds, 0 or more.";

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function outOfRange(path: string, message: string): RuntimeError {
  return new RuntimeError("invalid_argument", message, { details: { path } });
}
