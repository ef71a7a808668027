import { encodeId } from "./encode-id.ts";

/** What BullMQ says to do: this task, in this generation. */
export interface TaskJob {
  readonly taskId: string;
  readonly generation: string;
  /** Of a task that a schedule makes: JSON text. */
  readonly payload: string | undefined;
}

/** What a job of a schedule has. */
interface ScheduleData {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  /** JSON text. */
  readonly payload: string;
}

/** What other jobs have. */
interface DeliveryData {
  readonly taskId: string;
  readonly generation: string;
}

export type JobData = ScheduleData | DeliveryData;

export function toJobId(taskId: string, generation: string): string {
  return `t-${encodeId(taskId)}-${generation}`; // BullMQ takes no colon, and no number.
}

export function fromJob(id: string | undefined, data: JobData): TaskJob {
  if ("taskId" in data) return { ...data, payload: undefined };
  return { taskId: id ?? "", generation: "0", payload: data.payload };
}

/**
 * How every job is made. Whether a task is tried again is not for BullMQ to say: a job that fails does so because Redis
 * could not be asked, and comes back.
 */
export const jobOptions = {
  attempts: Number.MAX_SAFE_INTEGER,
  backoff: { type: "fixed", delay: 1000 },
  removeOnComplete: true,
  removeOnFail: true,
  stackTraceLimit: 0,
} as const;
