import { z } from "zod";

/** What clients of A2A 1.0 send. Fields that are not listed are ignored; empty and null mean that a field is not there. */

const text = z.string().nullish();
const metadata = z.record(z.string(), z.unknown()).nullish();
const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, "expected base64");

const contents = ["text", "raw", "url", "data"] as const;

export const partSchema = z
  .object({
    text,
    raw: base64.nullish(),
    url: text,
    data: z.unknown().optional(),
    metadata,
    filename: text,
    mediaType: text,
  })
  .refine(
    (part) => contents.filter((name) => (name === "data" ? name in part : (part[name] ?? null) !== null)).length === 1,
    "expected exactly one of text, raw, url and data",
  );

const messageSchema = z.object({
  messageId: z.string().min(1, "expected an id"),
  contextId: text,
  taskId: text,
  role: z.enum(["ROLE_USER", "ROLE_AGENT"]),
  parts: z.array(partSchema).min(1, "expected at least one part"),
  metadata,
  extensions: z.array(z.string()).nullish(),
  referenceTaskIds: z.array(z.string()).nullish(),
});

const historyLength = z.int().min(0).nullish();

export const pushConfigSchema = z.object({
  id: text,
  taskId: text,
  url: z.string().min(1),
  token: text,
  authentication: z.object({ scheme: z.string().min(1), credentials: text }).nullish(),
});

export const sendRequestSchema = z.object({
  message: messageSchema,
  configuration: z
    .object({
      acceptedOutputModes: z.array(z.string()).nullish(),
      taskPushNotificationConfig: pushConfigSchema.nullish(),
      historyLength,
      returnImmediately: z.boolean().nullish(),
    })
    .nullish(),
  metadata,
});

const id = z.string().trim().min(1, "expected an id");

export const taskRequestSchema = z.object({ id });
export const getTaskRequestSchema = z.object({ id, historyLength });

const states = z.enum([
  "TASK_STATE_UNSPECIFIED",
  "TASK_STATE_SUBMITTED",
  "TASK_STATE_WORKING",
  "TASK_STATE_COMPLETED",
  "TASK_STATE_FAILED",
  "TASK_STATE_CANCELED",
  "TASK_STATE_INPUT_REQUIRED",
  "TASK_STATE_REJECTED",
  "TASK_STATE_AUTH_REQUIRED",
]);

export const listTasksRequestSchema = z.object({
  contextId: text,
  status: states.nullish(),
  pageSize: z.int().min(1).max(100).nullish(),
  pageToken: text,
  historyLength,
  statusTimestampAfter: z.iso.datetime({ offset: true }).nullish(),
  includeArtifacts: z.boolean().nullish(),
});

export const createPushConfigRequestSchema = pushConfigSchema.extend({ taskId: id });
export const pushConfigRequestSchema = z.object({ taskId: id, id });
export const listPushConfigsRequestSchema = z.object({
  taskId: id,
  pageSize: z.int().min(0).nullish(),
  pageToken: text,
});

export type PartRequest = z.output<typeof partSchema>;
export type MessageRequest = z.output<typeof messageSchema>;
export type SendRequest = z.output<typeof sendRequestSchema>;
export type GetTaskRequest = z.output<typeof getTaskRequestSchema>;
export type ListTasksRequest = z.output<typeof listTasksRequestSchema>;
export type PushConfigInput = z.output<typeof pushConfigSchema>;

/** Undefined for what ProtoJSON takes as not there. */
export function given(value: string | null | undefined): string | undefined {
  return value === "" || value === null ? undefined : value;
}
