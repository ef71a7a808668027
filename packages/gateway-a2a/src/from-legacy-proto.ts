import { z } from "zod";
import { fromLegacyPush, legacyPushSchema } from "./from-legacy.ts";
import { partSchema } from "./request-schemas.ts";
import type { PartRequest, SendRequest } from "./request-schemas.ts";

/** What clients of A2A 0.3 send over HTTP+JSON, ProtoJSON of its `a2a.proto`, as what clients of 1.0 send. */

const text = z.string().nullish();
const metadata = z.record(z.string(), z.unknown()).nullish();

const protoPartSchema = z
  .object({
    text,
    file: z
      .object({ fileWithBytes: partSchema.shape.raw, fileWithUri: text, mimeType: text, name: text })
      .refine(
        ({ fileWithBytes, fileWithUri }) => (fileWithBytes ?? null) === null || (fileWithUri ?? null) === null,
        "expected fileWithBytes or fileWithUri",
      )
      .nullish(),
    data: z.object({ data: z.record(z.string(), z.unknown()) }).nullish(),
    metadata,
  })
  .refine(
    (part) => [part.text, part.file, part.data].filter((one) => (one ?? null) !== null).length === 1,
    "expected exactly one of text, file and data",
  );

const protoMessageSchema = z.object({
  messageId: z.string().min(1, "expected an id"),
  contextId: text,
  taskId: text,
  role: z.enum(["ROLE_USER", "ROLE_AGENT"]),
  content: z.array(protoPartSchema).min(1, "expected at least one part"),
  metadata,
  extensions: z.array(z.string()).nullish(),
});

export const legacyProtoSendSchema = z.object({
  message: protoMessageSchema,
  configuration: z
    .object({
      acceptedOutputModes: z.array(z.string()).nullish(),
      pushNotification: legacyPushSchema.nullish(),
      historyLength: z.int().min(0).nullish(),
      blocking: z.boolean().nullish(),
    })
    .nullish(),
  metadata,
});

export const legacyProtoPushSchema = z.object({
  taskId: z.string().trim().min(1, "expected an id"),
  pushNotificationConfig: legacyPushSchema,
});

export function fromLegacyProtoSend({
  message: { content, ...message },
  configuration,
  metadata: about,
}: z.output<typeof legacyProtoSendSchema>): SendRequest {
  const { pushNotification: push, historyLength, acceptedOutputModes, blocking } = configuration ?? {};
  return {
    message: { ...message, parts: content.map(fromProtoPart) },
    configuration: {
      // ProtoJSON leaves out what is zero and false: no number is all, and what does not say that it waits does not.
      historyLength: historyLength === 0 ? undefined : historyLength,
      returnImmediately: (configuration ?? null) !== null && blocking !== true,
      acceptedOutputModes,
      taskPushNotificationConfig: push === null || push === undefined ? undefined : fromLegacyPush(push),
    },
    metadata: about,
  };
}

function fromProtoPart({ text: said, file, data, metadata: about }: z.output<typeof protoPartSchema>): PartRequest {
  if (typeof said === "string") return { text: said, metadata: about };
  if (file === null || file === undefined) return { data: data?.data, metadata: about };
  const { fileWithBytes, fileWithUri, mimeType, name } = file;
  return { raw: fileWithBytes, url: fileWithUri, mediaType: mimeType, filename: name, metadata: about };
}
