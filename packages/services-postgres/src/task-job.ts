import type { JobWithMetadata } from "pg-boss";
import type { Task, TaskRecord } from "@agentscope-runtime/services";
import { toKey } from "./to-key.ts";
import { fromText, toText } from "./to-text.ts";

/** What a job of the engine carries. Everything in it is text, as the engine's JSON cannot hold every text. */
export interface JobData {
  /** Left out: the job's own id, since nobody named it. */
  readonly taskId?: string;
  /** JSON. */
  readonly payload: string;
}

/** What a schedule of the engine carries: its tasks get the same. */
export interface ScheduleData extends JobData {
  readonly schedule: string;
}

/** How a job ended, or an attempt of it: what we said, or what the engine says when nobody could. */
interface JobOutput {
  /** JSON. */
  readonly result?: string;
  readonly error?: string;
}

/** The engine's names of queues and schedules are plain. */
export function toName(name: string): string {
  return toKey(name).toString("base64url");
}

/** The engine's ids are UUIDs. */
export function toJobId(queue: string, taskId: string): string {
  const hex = toKey(queue, taskId).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

export function toJobData(taskId: string, payload: string): JobData {
  return { taskId: toText(taskId), payload };
}

export function toTask(queue: string, { id, data, retryCount }: JobWithMetadata<JobData>): Task {
  return { queue, taskId: taskIdOf(id, data), payload: JSON.parse(data.payload) as unknown, attempt: retryCount + 1 };
}

export function toTaskRecord(queue: string, job: JobWithMetadata<JobData>): TaskRecord {
  const { id, data, state, completedOn } = job;
  const output = job.output as JobOutput | null; // What `complete` and `fail` were given, or nothing yet.
  const isFinished = state === "completed";
  return {
    queue,
    taskId: taskIdOf(id, data),
    payload: JSON.parse(data.payload) as unknown,
    status: statuses[state],
    // It counts from the second time on. The types say nothing of a job that was never begun.
    attempts: (job.startedOn as Date | null) === null ? 0 : job.retryCount + 1,
    result: isFinished && output?.result !== undefined ? (JSON.parse(output.result) as unknown) : null,
    error: isFinished || output === null ? undefined : errorOf(output),
    createdAt: job.createdOn.getTime(),
    endedAt: completedOn?.getTime(),
  };
}

const statuses = {
  created: "pending",
  retry: "pending",
  active: "running",
  completed: "finished",
  cancelled: "canceled",
  failed: "error",
} as const;

function taskIdOf(id: string, { taskId }: JobData): string {
  return taskId === undefined ? id : fromText(taskId);
}

function errorOf({ error }: JobOutput): string {
  return error === undefined ? "The worker that did it was taken for dead." : fromText(error);
}
