import { RuntimeError } from "@agentscope-runtime/protocol";
import type { TaskKey, TaskRecord } from "@agentscope-runtime/services";

/** A task's record, and which time it is pending or running. */
export interface TaskRow {
  readonly record: TaskRecord;
  readonly generation: string;
}

const statuses: ReadonlySet<unknown> = new Set<TaskRecord["status"]>([
  "pending",
  "running",
  "finished",
  "error",
  "canceled",
]);

/** The fields that the scripts return of a task; undefined when there is none. */
export function toTaskRow({ queue, taskId }: TaskKey, reply: unknown): TaskRow | undefined {
  const [payload, status, attempts, result, error, created, ended, generation] = reply as readonly (string | null)[]; // Our own scripts'.
  if (typeof payload !== "string" || !isStatus(status)) return undefined;
  const record: TaskRecord = {
    queue,
    taskId,
    payload: JSON.parse(payload),
    status,
    attempts: Number(attempts),
    result: status === "finished" ? JSON.parse(result ?? "null") : null,
    error: typeof error === "string" ? (JSON.parse(error) as string) : undefined, // Our own text of one.
    createdAt: Number(created),
    endedAt: typeof ended === "string" ? Number(ended) : undefined,
  };
  return { record, generation: generation ?? "0" };
}

export function noSuchTask(): RuntimeError {
  return new RuntimeError("not_found", "There is no such task.");
}

function isStatus(status: unknown): status is TaskRecord["status"] {
  return statuses.has(status);
}
