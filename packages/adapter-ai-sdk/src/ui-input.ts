import { parse } from "@agentscope-runtime/protocol";
import { z } from "zod";

const metadata = z.record(z.string(), z.record(z.string(), z.unknown())).optional();
const approval = z.object({
  id: z.string(),
  approved: z.boolean().optional(),
  reason: z.string().optional(),
});

const partSchemas = {
  text: z.object({ type: z.literal("text"), text: z.string(), providerMetadata: metadata }),
  reasoning: z.object({ type: z.literal("reasoning"), text: z.string(), providerMetadata: metadata }),
  file: z.object({
    type: z.literal("file"),
    mediaType: z.string(),
    url: z.string(),
    filename: z.string().optional(),
    providerReference: z.record(z.string(), z.string()).optional(),
    providerMetadata: metadata,
  }),
  "source-url": z.object({
    type: z.literal("source-url"),
    sourceId: z.string(),
    url: z.string(),
    title: z.string().optional(),
    providerMetadata: metadata,
  }),
  "source-document": z.object({
    type: z.literal("source-document"),
    sourceId: z.string(),
    mediaType: z.string(),
    title: z.string(),
    filename: z.string().optional(),
    providerMetadata: metadata,
  }),
};

const toolStates = [
  "input-streaming",
  "input-available",
  "approval-requested",
  "approval-responded",
  "output-available",
  "output-error",
  "output-denied",
] as const;

const toolSchema = z.object({
  type: z.templateLiteral(["tool-", z.string()]).or(z.literal("dynamic-tool")),
  toolName: z.string().optional(),
  toolCallId: z.string(),
  state: z.enum(toolStates),
  input: z.unknown().optional(),
  rawInput: z.unknown().optional(),
  output: z.unknown().optional(),
  errorText: z.string().optional(),
  approval: approval.optional(),
  providerExecuted: z.boolean().optional(),
  toolMetadata: z.record(z.string(), z.unknown()).optional(),
  callProviderMetadata: metadata,
});

const dataSchema = z.object({
  type: z.templateLiteral(["data-", z.string()]),
  id: z.string().optional(),
  data: z.unknown().optional(),
});

const otherSchema = z.looseObject({ type: z.string() });

const messageSchema = z.object({
  id: z.string(),
  role: z.enum(["system", "user", "assistant"]),
  metadata: z.unknown().optional(),
  parts: z.array(otherSchema),
});

type KnownPart = { [Type in keyof typeof partSchemas]: z.output<(typeof partSchemas)[Type]> }[keyof typeof partSchemas];

/** The SDK's part of a call. */
export type AnyUIToolPart = Readonly<z.output<typeof toolSchema>>;

/** A part that says something; parts of other types are the SDK's own. */
export type AnyUIPart = Readonly<KnownPart | z.output<typeof dataSchema>>;

/** A part of any type; it has more fields. */
export interface OtherUIPart {
  readonly type: string;
}

/** A message of the SDK's as it may come from a browser. */
export interface UIMessageInput {
  readonly id: string;
  readonly role: "system" | "user" | "assistant";
  readonly metadata?: unknown;
  readonly parts: readonly { readonly type: string }[];
}

export interface ParsedUIMessage {
  readonly id: string;
  readonly role: "system" | "user" | "assistant";
  readonly metadata?: unknown;
  readonly parts: readonly OtherUIPart[];
}

/** Throws `invalid_argument` that names the message and the part. */
export function parseUIMessage(value: unknown, index: number): ParsedUIMessage {
  const place = `messages[${index}]`;
  const message = parse(messageSchema, value, place);
  for (const [at, part] of message.parts.entries()) {
    const schema = schemaOf(part.type);
    if (schema !== undefined) parse(schema, part, `${place}.parts[${at}] (${part.type})`);
  }
  return message;
}

/** Whether these are parts: what has travelled may have been changed. */
export function areParts(value: unknown): value is readonly OtherUIPart[] {
  const { data: parts } = z.array(otherSchema).safeParse(value);
  return parts !== undefined && parts.every((part) => schemaOf(part.type)?.safeParse(part).success !== false);
}

export function isToolPart(part: OtherUIPart): part is AnyUIToolPart {
  return schemaOf(part.type) === toolSchema;
}

/** Whether a part of this type says something that our messages can say. */
export function isSpeechPart(part: OtherUIPart): part is AnyUIPart {
  return schemaOf(part.type) !== undefined && !isToolPart(part);
}

function schemaOf(type: string): z.ZodType | undefined {
  if (type.startsWith("tool-") || type === "dynamic-tool") return toolSchema;
  if (type.startsWith("data-")) return dataSchema;
  return Object.hasOwn(partSchemas, type) ? partSchemas[type as keyof typeof partSchemas] : undefined;
}
