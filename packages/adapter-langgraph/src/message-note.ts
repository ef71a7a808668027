import { isObject } from "@agentscope-runtime/core/adapter";
import type { BareContent } from "@agentscope-runtime/core/adapter";
import { messageTypeSchema, roleSchema } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type { BaseMessage } from "@langchain/core/messages";
import { z } from "zod";

/** The name under which our notes stand in the `response_metadata` of LangChain's messages. No integration sends that on. */
const ours = "agentscope";

const looseFields = z.record(z.string(), z.unknown());

const partNoteSchema = z.union([
  z.object({ as: z.enum(["refusal", "data"]) }),
  z.object({ was: z.looseObject({ type: z.string() }) }),
]);

const messageNoteSchema = z.object({
  id: z.string(),
  type: messageTypeSchema,
  role: roleSchema.nullable().exactOptional(),
  metadata: looseFields.exactOptional(),
  size: z.int().nonnegative(),
  parts: z.record(z.string(), partNoteSchema).exactOptional(),
  data: looseFields.exactOptional(),
});

const noteSchema = z.union([z.object({ messages: z.array(messageNoteSchema) }), z.object({ filler: z.literal(true) })]);

/** What a content block does not say of the part that it was: that its text is a refusal or data, or all of it. */
export type PartNote = z.infer<typeof partNoteSchema>;

/** Which of our messages a piece of a LangChain message was, and what the piece does not say of it. */
export interface MessageNote {
  readonly id: string;
  readonly type: Message["type"];
  /** Where it is not the one that the type goes with. */
  readonly role?: Message["role"];
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** How many blocks of the content are of it; of reasoning, how many characters; of calls and outputs, 1. */
  readonly size: number;
  /** By the place of the block within the message. */
  readonly parts?: Readonly<Record<string, PartNote>>;
  /** Fields of a call's or an output's data. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The notes of a message; `filler` when it is an answer that we made up. */
export type Note = { readonly messages: readonly MessageNote[] } | { readonly filler: true };

export function withNote(note: Note): Record<string, unknown> {
  return { [ours]: note };
}

export function noteOf(message: BaseMessage): Note | undefined {
  return noteSchema.safeParse(responseMetadata(message)[ours]).data;
}

/** The framework's own `response_metadata`, without our note. */
export function ownResponseMetadata(message: BaseMessage): Readonly<Record<string, unknown>> {
  const { [ours]: _, ...rest } = responseMetadata(message);
  return rest;
}

function responseMetadata(message: BaseMessage): Readonly<Record<string, unknown>> {
  // Messages of other versions come without.
  const metadata: unknown = message.response_metadata;
  return isObject(metadata) ? metadata : {};
}

/** The part that a block stands for, where a note says more than the block. What was changed since counts. */
export function notedPart(part: BareContent, note: PartNote | undefined): BareContent {
  if (note === undefined) return part;
  if ("was" in note) return note.was.type === part.type ? note.was : part;
  if (part.type !== "text" || typeof part["text"] !== "string") return part;
  if (note.as === "refusal") return { type: "refusal", refusal: part["text"] };
  const data = jsonObject(part["text"]);
  return data === undefined ? part : { type: "data", data };
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
