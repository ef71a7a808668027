import { messageSchema } from "@agentscope-runtime/protocol";
import type { ContentInput, Message, MessageInput } from "@agentscope-runtime/protocol";
import { contentOf } from "./from-mastra-part.ts";
import type { KeptPart } from "./from-mastra-part.ts";
import { jsonText } from "./json-text.ts";
import { noteOf } from "./runtime-note.ts";
import type { MessageNote } from "./runtime-note.ts";
import { errorText } from "./tool-failure.ts";

/** A message as Mastra keeps or takes it: `MastraDBMessage` of `@mastra/core/agent`, and bare messages for the system. */
export interface MastraKeptMessage {
  readonly id?: string;
  readonly role: string;
  readonly content:
    | string
    | {
        readonly parts: readonly { readonly type: string }[];
        readonly content?: unknown;
        readonly metadata?: Readonly<Record<string, unknown>>;
      };
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A message of ours that is being put together. */
interface Piece {
  readonly note: MessageNote | undefined;
  readonly type: Message["type"];
  readonly role: Message["role"];
  readonly content: ContentInput[];
}

/**
 * Turns messages that Mastra keeps into ours. Those that `toMastraMessages` made come back as they were, but for what it leaves
 * out; the last answer of a turn that goes on after it comes back within that turn.
 *
 * Of Mastra's own, each stretch of text and files is a message, each thought one, each call one and its answer another; the first
 * has the id and the metadata, the others the id with a number. Signals, errors and the beginnings of steps are left out.
 */
export function fromMastraMessages(messages: readonly MastraKeptMessage[]): Message[] {
  return messages.flatMap((message) => fromMessage(message));
}

function fromMessage(message: MastraKeptMessage): Message[] {
  const { id, role, content } = message;
  if (role !== "user" && role !== "assistant" && role !== "system") return [];
  const metadata = (typeof content === "string" ? message.metadata : content.metadata) ?? null;
  let made = 0;
  return piecesOf(content, role).map(({ note, type, role: own, content: parts }) => {
    const first = made === 0;
    const newId = id === undefined || first ? id : `${id}:${made}`;
    made += 1;
    const input: MessageInput =
      note === undefined
        ? {
            ...(newId !== undefined && { id: newId }),
            type,
            role: own,
            content: parts,
            metadata: first ? metadata : null,
          }
        : { id: note.id, type, role: own, content: parts, metadata: note.metadata };
    return messageSchema.parse(input);
  });
}

function piecesOf(content: MastraKeptMessage["content"], role: "user" | "assistant" | "system"): Piece[] {
  if (typeof content === "string") return [spoken(content, role)];
  if (content.parts.length === 0 && typeof content.content === "string") return [spoken(content.content, role)];
  const pieces: Piece[] = [];
  for (const part of content.parts) addPart(pieces, part as KeptPart, role);
  // A call and its answer are one part; between them stood the other calls of the turn.
  return pieces.every(({ note }) => note !== undefined)
    ? pieces.toSorted((left, right) => (left.note?.at ?? 0) - (right.note?.at ?? 0))
    : pieces;
}

function spoken(text: string, role: Message["role"]): Piece {
  return { note: undefined, type: "message", role, content: [{ type: "text", text }] };
}

function addPart(pieces: Piece[], part: KeptPart, role: Message["role"]): void {
  if (part.type === "tool-invocation") {
    pieces.push(...callPieces(part));
    return;
  }
  const note = noteOf(part)?.note;
  const content = contentOf(part, note);
  if (content === undefined) return;
  const type = note?.type ?? (part.type === "reasoning" ? "reasoning" : "message");
  const last = pieces.at(-1);
  // Thoughts of Mastra's own are a message each.
  const goesOn = last !== undefined && (note === undefined ? goesOnAs(last, type) : last.note?.id === note.id);
  if (goesOn) last.content.push(content);
  else pieces.push({ note, type, role: note === undefined ? role : note.role, content: [content] });
}

function goesOnAs({ note, type }: Piece, next: Message["type"]): boolean {
  return note === undefined && type === "message" && next === "message";
}

function callPieces(part: Extract<KeptPart, { type: "tool-invocation" }>): Piece[] {
  const { toolCallId, toolName, args } = part.toolInvocation;
  const notes = noteOf(part);
  const written = JSON.stringify(args ?? {});
  const call = notes?.note;
  const data = {
    ...(call?.rest ?? { call_id: toolCallId, name: toolName }),
    ...withText("arguments", call?.text, written),
  };
  const pieces: Piece[] = [pieceOf(data, "plugin_call", call)];
  const answer = answerOf(part.toolInvocation);
  if (answer === undefined || notes?.filler === true) return pieces;
  const own = { call_id: toolCallId, name: toolName, ...(answer.isError && { is_error: true }) };
  const output = notes?.output;
  const told = { ...(output?.rest ?? own), ...withText("output", output?.text, answer.text) };
  // Mastra has answered a call of ours: the answer is of the call's kind.
  const type = call === undefined ? "plugin_call_output" : outputTypeOf(call.type);
  return [...pieces, { ...pieceOf(told, type, output), role: output === undefined ? "tool" : output.role }];
}

function pieceOf(data: Readonly<Record<string, unknown>>, type: Message["type"], note: MessageNote | undefined): Piece {
  return {
    note,
    type: note?.type ?? type,
    role: note === undefined ? "assistant" : note.role,
    content: [{ type: "data", data: { ...data } }],
  };
}

function withText(field: string, kept: string | null | undefined, derived: string): Readonly<Record<string, unknown>> {
  if (kept === null) return {};
  return { [field]: kept ?? derived };
}

function outputTypeOf(type: Message["type"]): Message["type"] {
  if (type === "mcp_call") return "mcp_call_output";
  return type === "function_call" ? "function_call_output" : "plugin_call_output";
}

function answerOf(
  invocation: Extract<KeptPart, { type: "tool-invocation" }>["toolInvocation"],
): { readonly text: string; readonly isError: boolean } | undefined {
  switch (invocation.state) {
    case "result":
      return { text: jsonText(invocation.result ?? null), isError: invocation.isError === true };
    case "output-error":
      return { text: invocation.errorText ?? errorText(invocation.result), isError: true };
    case "output-denied":
      return { text: invocation.approval?.reason ?? "The call was denied.", isError: true };
    default:
      return undefined;
  }
}
