import { differenceSchema, isObject, withLeftover, withoutLeftover } from "@agentscope-runtime/core/adapter";
import type { Difference } from "@agentscope-runtime/core/adapter";
import type { Message } from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { OtherUIPart } from "./ui-input.ts";
import type { UIJson, UIPart } from "./ui-message.ts";

/** The name under which our notes stand in the provider metadata of the SDK's parts. */
const ours = "agentscope";
/** The part that carries a note where no other can. */
const notePart = "data-agentscope";
/** The name under which what is the SDK's own stands in the metadata of our messages. */
const theirs = "ai_sdk";

const messageNoteSchema = z.object({
  id: z.string(),
  at: z.int().optional(),
  change: differenceSchema.optional(),
  parts: z.int().optional(),
});

const toolNotesSchema = z.object({
  call: messageNoteSchema.optional(),
  request: messageNoteSchema.optional(),
  response: messageNoteSchema.optional(),
  output: messageNoteSchema.optional(),
});

const leftoverSchema = z.object({
  parts: differenceSchema.optional(),
  head: differenceSchema.optional(),
  step: z.boolean().optional(),
  start: z.literal(true).optional(),
});

/** Which of our messages a part is of, and what the part does not say of it. */
export interface MessageNote {
  readonly id: string;
  /** Its place among the messages of its turn. Left out: where it stands. */
  readonly at?: number | undefined;
  readonly change?: Difference | undefined;
  /** How many parts the message has. */
  readonly parts?: number | undefined;
}

/** The messages that one part of a call is made of. */
export type StoryStep = "call" | "request" | "response" | "output";
export type ToolNotes = Readonly<Partial<Record<StoryStep, MessageNote | undefined>>>;

/** What the SDK's messages have and ours have no word for. */
export interface Leftover {
  readonly parts?: Difference | undefined;
  /** Of the id, the role and the metadata of the SDK's message. */
  readonly head?: Difference | undefined;
  /** A step begins here, or not, other than one would think. */
  readonly step?: boolean | undefined;
  /** A message of the SDK's begins here although the agent goes on. */
  readonly start?: true | undefined;
}

export function noteOf(part: OtherUIPart): MessageNote | undefined {
  const note = part.type === notePart ? fieldOf(part, "data") : notesIn(fieldOf(part, "providerMetadata"));
  return messageNoteSchema.safeParse(note).data;
}

export function toolNotesOf(part: OtherUIPart): ToolNotes | undefined {
  return toolNotesSchema.safeParse(notesIn(fieldOf(part, "callProviderMetadata"))).data;
}

/** The parts of one message with the note that says so, before them where none of them can carry it. */
export function withNote(parts: readonly UIPart[], note: MessageNote): UIPart[] {
  const whole = { ...note, parts: parts.length };
  const [first, ...rest] = parts;
  if (first !== undefined && carriers.has(first.type)) return [noted(first, "providerMetadata", whole), ...rest];
  return [{ type: notePart, data: json(whole) }, ...parts];
}

export function withToolNotes(part: UIPart, notes: ToolNotes): UIPart {
  return noted(part, "callProviderMetadata", notes);
}

export function isNotePart({ type }: OtherUIPart): boolean {
  return type === notePart;
}

/** The part as it was before it had notes. */
export function withoutNotes(part: OtherUIPart): OtherUIPart {
  const fields = Object.entries(part).flatMap(([name, value]: [string, unknown]): [string, unknown][] => {
    if (name !== "providerMetadata" && name !== "callProviderMetadata") return [[name, value]];
    if (!isObject(value) || !Object.hasOwn(value, ours)) return [[name, value]];
    const rest = Object.entries(value).filter(([provider]) => provider !== ours);
    return rest.length === 0 ? [] : [[name, Object.fromEntries(rest)]];
  });
  return { ...Object.fromEntries(fields), type: part.type };
}

export function leftoverOf({ metadata }: Message): Leftover {
  return leftoverSchema.safeParse(metadata?.[theirs]).data ?? {};
}

/** Metadata of ours alone; undefined when nothing is left. */
export function ownMetadata(metadata: unknown): Readonly<Record<string, unknown>> | undefined {
  return withoutLeftover(metadata, theirs);
}

export function addLeftover(metadata: unknown, leftover: Leftover): Readonly<Record<string, unknown>> | undefined {
  return withLeftover(metadata, theirs, leftover);
}

const carriers = new Set(["text", "reasoning", "file", "source-url", "source-document", "custom", "reasoning-file"]);

function noted(
  part: UIPart,
  place: "providerMetadata" | "callProviderMetadata",
  note: MessageNote | ToolNotes,
): UIPart {
  const before = fieldOf(part, place);
  return { ...part, [place]: { ...(isObject(before) && before), [ours]: json(note) } };
}

/** Without what is undefined: the SDK wants JSON. */
function json(note: MessageNote | ToolNotes): Record<string, UIJson> {
  return JSON.parse(JSON.stringify(note)) as Record<string, UIJson>; // Notes are JSON.
}

function fieldOf(part: OtherUIPart, name: string): unknown {
  return Object.entries(part).find(([field]) => field === name)?.[1];
}

function notesIn(metadata: unknown): unknown {
  return isObject(metadata) ? metadata[ours] : undefined;
}
