import { z } from "zod";
import { partSchema } from "./request-schemas.ts";
import type { MessageRequest, PartRequest, PushConfigInput, SendRequest } from "./request-schemas.ts";

/** What clients of A2A 0.3 send over JSON-RPC, as what clients of 1.0 send. */

const text = z.string().nullish();
const metadata = z.record(z.string(), z.unknown()).nullish();

const legacyPartSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("text"), text: z.string(), metadata }),
  z.object({
    kind: z.literal("file"),
    file: z
      .object({ bytes: partSchema.shape.raw, uri: text, mimeType: text, name: text })
      .refine(({ bytes, uri }) => ((bytes ?? null) === null) !== ((uri ?? null) === null), "expected bytes or uri"),
    metadata,
  }),
  z.object({ kind: z.literal("data"), data: z.record(z.string(), z.unknown()), metadata }),
]);

const legacyMessageSchema = z.object({
  messageId: z.string().min(1, "expected an id"),
  contextId: text,
  taskId: text,
  role: z.enum(["user", "agent"]),
  parts: z.array(legacyPartSchema).min(1, "expected at least one part"),
  metadata,
  extensions: z.array(z.string()).nullish(),
  referenceTaskIds: z.array(z.string()).nullish(),
});

export const legacyPushSchema = z.object({
  id: text,
  url: z.string().min(1),
  token: text,
  authentication: z.object({ schemes: z.array(z.string().min(1)), credentials: text }).nullish(),
});

export const legacySendSchema = z.object({
  message: legacyMessageSchema,
  configuration: z
    .object({
      acceptedOutputModes: z.array(z.string()).nullish(),
      blocking: z.boolean().nullish(),
      historyLength: z.int().min(0).nullish(),
      pushNotificationConfig: legacyPushSchema.nullish(),
    })
    .nullish(),
  metadata,
});

const id = z.string().trim().min(1, "expected an id");

export const legacyTaskSchema = z.object({ id });
export const legacySetPushSchema = z.object({ taskId: id, pushNotificationConfig: legacyPushSchema });
export const legacyGetPushSchema = z.object({ id, pushNotificationConfigId: text });
export const legacyDeletePushSchema = z.object({ id, pushNotificationConfigId: id });

type LegacyPart = z.output<typeof legacyPartSchema>;
type LegacyPush = z.output<typeof legacyPushSchema>;

export function fromLegacySend({
  message,
  configuration,
  metadata: about,
}: z.output<typeof legacySendSchema>): SendRequest {
  const { blocking, historyLength, acceptedOutputModes, pushNotificationConfig: push } = configuration ?? {};
  return {
    message: fromLegacyMessage(message),
    configuration: {
      historyLength,
      acceptedOutputModes,
      returnImmediately: blocking === false,
      taskPushNotificationConfig: push === null || push === undefined ? undefined : fromLegacyPush(push),
    },
    metadata: about,
  };
}

function fromLegacyMessage({ role, parts, ...message }: z.output<typeof legacyMessageSchema>): MessageRequest {
  return { ...message, role: role === "user" ? "ROLE_USER" : "ROLE_AGENT", parts: parts.map(fromLegacyPart) };
}

function fromLegacyPart(part: LegacyPart): PartRequest {
  switch (part.kind) {
    case "text":
      return { text: part.text, metadata: part.metadata };
    case "data":
      return { data: part.data, metadata: part.metadata };
    case "file": {
      const { bytes, uri, mimeType, name } = part.file;
      return { raw: bytes, url: uri, mediaType: mimeType, filename: name, metadata: part.metadata };
    }
  }
}

export function fromLegacyPush({ authentication, ...config }: LegacyPush): PushConfigInput {
  const [scheme] = authentication?.schemes ?? [];
  return {
    ...config,
    taskId: undefined,
    authentication: scheme === undefined ? undefined : { scheme, credentials: authentication?.credentials },
  };
}
