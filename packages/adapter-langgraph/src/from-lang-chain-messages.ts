import { isObject, unfit } from "@agentscope-runtime/core/adapter";
import type { BareContent } from "@agentscope-runtime/core/adapter";
import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message, MessageInput, Usage } from "@agentscope-runtime/protocol";
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import type { BaseMessage, UsageMetadata } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import { areArguments } from "./conversation.ts";
import { fromBlock, reasoningOf } from "./from-block.ts";
import type { Block } from "./from-block.ts";
import { asJson } from "./json.ts";
import { notedPart, noteOf, ownResponseMetadata } from "./message-note.ts";
import type { MessageNote } from "./message-note.ts";
import { fromToolContent, outputContent } from "./tool-content.ts";

/**
 * Turns LangChain's messages into ours: what `toLangChainMessages` made comes back as it was, changes since included.
 *
 * An AIMessage becomes its reasoning, its text and files, and one message per call; the first has its id. Its name, its
 * integration's metadata and `additional_kwargs` stay in `metadata.langchain`, its tokens in `usage`. Content blocks of a kind
 * that is not known become `data`. Left out: signatures, citations, what the provider's own tools did.
 *
 * Throws `invalid_argument`, with the message's index, for messages that are neither a user's, an agent's, a tool's nor the system's.
 */
export function fromLangChainMessages(messages: readonly BaseMessage[]): Message[] {
  const kinds = new Map<string, string>();
  return messages.flatMap((message, index) =>
    inputsOf(message, index, kinds).map((input) => messageSchema.parse(input)),
  );
}

/** `kinds` remembers what kind of call an id is of, for the answer to it. */
function inputsOf(message: BaseMessage, index: number, kinds: Map<string, string>): MessageInput[] {
  const note = noteOf(message);
  if (note !== undefined && "filler" in note) return [];
  const notes = note?.messages ?? [];
  if (AIMessage.isInstance(message)) {
    const inputs = fromAi(message, notes);
    for (const { type, content } of inputs) {
      const [part] = content ?? [];
      const id = part?.type === "data" ? part.data?.["call_id"] : undefined;
      if (typeof id === "string" && type !== undefined) kinds.set(id, type);
    }
    return inputs;
  }
  const [first] = notes;
  if (ToolMessage.isInstance(message)) return [fromTool(message, first, kinds.get(message.tool_call_id))];
  if (HumanMessage.isInstance(message)) return [speech(message, first, "user")];
  if (SystemMessage.isInstance(message)) return [speech(message, first, "system")];
  throw unfit({ index, kind: message.type }, "only messages of users, agents, tools and the system can be carried");
}

function speech(message: BaseMessage, note: MessageNote | undefined, role: "user" | "system"): MessageInput {
  const head = note === undefined ? { ...idOf(message), role } : headOf(note);
  const content = blocksOf(message).map((block, at) => partOf(block, note, at));
  return { ...head, content: present(content), ...metadataOf(message, note) };
}

function fromAi(message: AIMessage, notes: readonly MessageNote[]): MessageInput[] {
  const blocks = blocksOf(message).filter((block) => fromBlock(block) !== undefined);
  const pieces = { blocks, reasoning: reasoningTextOf(message), calls: message.tool_calls ?? [] };
  const fitting = fits(notes, pieces) ? notes : plainNotes(message, pieces);
  const usage = usageOf(message);
  let [block, character, call] = [0, 0, 0];
  return fitting.map((note, at): MessageInput => {
    const isNoted = fitting === notes;
    const more = {
      ...(at === 0 || isNoted ? metadataOf(message, isNoted ? note : undefined) : {}),
      ...(at === fitting.length - 1 && usage !== undefined && { usage }),
    };
    if (note.type === "reasoning") {
      const text = pieces.reasoning.slice(character, (character += note.size));
      return { ...headOf(note), content: thoughtOf(text, note), ...more };
    }
    if (note.type === "message") {
      const own = blocks.slice(block, (block += note.size));
      return { ...headOf(note), content: present(own.map((one, place) => partOf(one, note, place))), ...more };
    }
    const data = callData(pieces.calls[call++], note);
    return { ...headOf(note), content: [{ type: "data", data }], ...more };
  });
}

/** As it was noted, while the arguments are still those. */
function callData(call: ToolCall | undefined, { data }: MessageNote): Record<string, unknown> {
  const { id = "", name = "", args = {} } = call ?? {};
  const text = data?.["arguments"] ?? "";
  const isKept = data !== undefined && areArguments(text, args);
  return { ...data, call_id: id, name, ...(!isKept && { arguments: JSON.stringify(args) }) };
}

interface Pieces {
  readonly blocks: readonly Block[];
  readonly reasoning: string;
  readonly calls: readonly ToolCall[];
}

/** Notes count only while the message is cut as it was. */
function fits(notes: readonly MessageNote[], { blocks, reasoning, calls }: Pieces): boolean {
  const sum = (group: string): number =>
    notes.reduce((size, note) => (groupOf(note) === group ? size + note.size : size), 0);
  return (
    notes.length > 0 &&
    sum("message") === blocks.length &&
    sum("reasoning") === reasoning.length &&
    sum("call") === calls.length
  );
}

function groupOf({ type }: MessageNote): string {
  return type === "message" || type === "reasoning" ? type : "call";
}

/** How a message is cut that nobody has noted: what it thought, what it said, what it called. */
function plainNotes(message: AIMessage, { blocks, reasoning, calls }: Pieces): MessageNote[] {
  const notes: Omit<MessageNote, "id">[] = [];
  if (reasoning !== "") notes.push({ type: "reasoning", size: reasoning.length });
  if (blocks.length > 0) notes.push({ type: "message", role: "assistant", size: blocks.length });
  for (const _ of calls) notes.push({ type: "plugin_call", size: 1 });
  if (notes.length === 0) notes.push({ type: "message", role: "assistant", size: 0 });
  const { id } = idOf(message);
  return notes.map((note, at) => ({ ...note, id: at === 0 ? id : `${id}:${at}` }));
}

function fromTool(message: ToolMessage, note: MessageNote | undefined, callType: string | undefined): MessageInput {
  const isError = message.status === "error";
  const output = outputOf(message, note, isError);
  const { name, is_error: _, ...known } = note?.data ?? {};
  const data = {
    ...known,
    call_id: message.tool_call_id,
    ...(note === undefined ? message.name !== undefined && { name: message.name } : name !== undefined && { name }),
    output,
    ...(isError && { is_error: true }),
    ...(!isError && note?.data?.["is_error"] === false && { is_error: false }),
  };
  const head =
    note === undefined ? { ...idOf(message), type: outputType(callType), role: "tool" as const } : headOf(note);
  return { ...head, content: [{ type: "data", data }], ...metadataOf(message, note) };
}

function outputType(callType: string | undefined): "function_call_output" | "mcp_call_output" | "plugin_call_output" {
  if (callType === "function_call" || callType === "mcp_call") return `${callType}_output`;
  return "plugin_call_output";
}

/** The text that the output was read from, while the content is still what was read. */
function outputOf(message: ToolMessage, note: MessageNote | undefined, isError: boolean): string {
  const known = note?.data?.["output"];
  if (typeof known === "string" && isSame(outputContent(known, {}), message.content)) return known;
  if (typeof known === "string" && isSame(outputContent(known, { imagesInResults: false }), message.content))
    return known;
  const output = fromToolContent(message.content, isError);
  return typeof output === "string" ? output : JSON.stringify(output);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function headOf(note: MessageNote): Pick<MessageInput, "id" | "type" | "role"> {
  const role = note.role === undefined ? (note.type.endsWith("_output") ? "tool" : "assistant") : note.role;
  return { id: note.id, type: note.type, role };
}

function idOf(message: BaseMessage): { readonly id: string } {
  return { id: message.id ?? messageSchema.parse({}).id };
}

function blocksOf({ content }: BaseMessage): Block[] {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  // Typed as blocks, but integrations put strings among them.
  return (content as readonly unknown[]).flatMap((block) => {
    if (typeof block === "string") return [{ type: "text", text: block }];
    return isObject(block) ? [block] : [];
  });
}

function partOf(block: Block, note: MessageNote | undefined, at: number): BareContent | undefined {
  const part = fromBlock(block);
  return part === undefined ? undefined : notedPart(part, note?.parts?.[at]);
}

function present(parts: readonly (BareContent | undefined)[]): NonNullable<MessageInput["content"]> {
  // Made of the fields that our own parts have; the schema has the last word.
  return parts.filter((part) => part !== undefined) as NonNullable<MessageInput["content"]>;
}

function reasoningTextOf(message: AIMessage): string {
  const { reasoning_content: reasoning } = message.additional_kwargs;
  if (typeof reasoning === "string" && reasoning !== "") return reasoning;
  return blocksOf(message)
    .map((block) => reasoningOf(block) ?? "")
    .join("");
}

function thoughtOf(text: string, note: MessageNote): NonNullable<MessageInput["content"]> {
  const parts = Object.values(note.parts ?? {}).flatMap((part) => ("was" in part ? [part.was] : []));
  const isKept = parts.length > 0 && parts.map((part) => part["text"]).join("") === text;
  return isKept ? present(parts) : [{ type: "text", text }];
}

function usageOf(message: AIMessage): Usage | undefined {
  const usage = message.usage_metadata as UsageMetadata | undefined; // Its type gets lost in generics.
  if (usage === undefined) return undefined;
  const { input_tokens, output_tokens, total_tokens } = usage;
  return { input_tokens, output_tokens, total_tokens };
}

/** As it was noted, or what LangChain has and we have no word for. */
function metadataOf(message: BaseMessage, note: MessageNote | undefined): Pick<MessageInput, "metadata"> {
  if (note !== undefined) return note.metadata === undefined ? {} : { metadata: note.metadata };
  const { reasoning_content: _, ...kwargs } = message.additional_kwargs;
  const own = {
    ...(message.name !== undefined && !ToolMessage.isInstance(message) && { name: message.name }),
    ...(Object.keys(kwargs).length > 0 && { additional_kwargs: kwargs }),
    ...(Object.keys(ownResponseMetadata(message)).length > 0 && { response_metadata: ownResponseMetadata(message) }),
  };
  const leftover = asJson(own);
  return isObject(leftover) && Object.keys(leftover).length > 0 ? { metadata: { langchain: leftover } } : {};
}
