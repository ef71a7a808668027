import { bareContent, dataIn, parseCall, parseCallOutput, unfit } from "@agentscope-runtime/core/adapter";
import type { BareContent, PartPlace } from "@agentscope-runtime/core/adapter";
import type { Content, Message } from "@agentscope-runtime/protocol";
import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import type { BaseMessage, ContentBlock } from "@langchain/core/messages";
import { contentOf, Conversation, leftoverFields, leftoverOf } from "./conversation.ts";
import { fromBlock } from "./from-block.ts";
import { withNote } from "./message-note.ts";
import type { MessageNote, PartNote } from "./message-note.ts";
import { toBlock } from "./to-block.ts";
import type { ResultImages } from "./tool-content.ts";

export type ToLangChainMessagesOptions = ResultImages;

/**
 * Turns our messages into LangChain's, for a graph's `messages` or a model.
 *
 * What the agent thought, said and called without a pause becomes one AIMessage, the answers to its calls the ToolMessages behind
 * it, wherever they stood. Answers without a call are dropped; a call without an answer gets the error "No result: the run ended
 * before the tool answered.", since models refuse calls that dangle. A note in `response_metadata.agentscope` says what
 * LangChain has no word for, so that `fromLangChainMessages` gives back what went in, ids and metadata included.
 *
 * Arguments that are no JSON object become `{ invalid_arguments: text }`. Reasoning stands in
 * `additional_kwargs.reasoning_content`. Left out: heartbeats, errors, lists of MCP tools, approvals, component calls, A2UI
 * responses, what a graph wrote for the client, empty texts, reasoning that nothing follows. `data`, and what a user did with a component, is told as JSON text.
 *
 * Throws `invalid_argument`, with the message's index, for files that cannot be found, calls without an id or a name, files in
 * system messages, and messages of role `tool` that answer no call.
 */
export function toLangChainMessages(
  messages: readonly Message[],
  options: ToLangChainMessagesOptions = {},
): BaseMessage[] {
  const conversation = new Conversation(options);
  for (const [index, message] of messages.entries()) addMessage(conversation, message, index);
  return conversation.end();
}

function addMessage(conversation: Conversation, message: Message, index: number): void {
  const place = { index, kind: message.type };
  switch (message.type) {
    case "message":
      addSpeech(conversation, message, index);
      break;
    case "reasoning":
      addThought(conversation, message, index);
      break;
    case "function_call":
    case "plugin_call":
    case "mcp_call":
      for (const data of dataIn(message)) addCall(conversation, message, { data, place });
      break;
    case "function_call_output":
    case "plugin_call_output":
    case "mcp_call_output":
      for (const data of dataIn(message)) addOutput(conversation, message, { data, place });
      break;
    case "component_call_output":
    case "a2ui_action":
      addHuman(conversation, message, index);
      break;
    case "component_call":
    case "a2ui_response":
    case "mcp_list_tools":
    case "mcp_approval_request":
    case "mcp_approval_response":
    case "heartbeat":
    case "error":
      break;
  }
}

function addSpeech(conversation: Conversation, message: Message, index: number): void {
  switch (message.role) {
    case "user":
    case null:
      addHuman(conversation, message, index);
      break;
    case "assistant": {
      const { blocks, parts } = toBlocks(message.content ?? [], index);
      if (blocks.length > 0) conversation.say(message, noteFor(message, blocks.length, { parts }), blocks);
      break;
    }
    case "system":
      addSystem(conversation, message, index);
      break;
    case "tool":
      throw unfit({ index, kind: message.type }, "a message of role tool has to be the output of a call");
  }
}

function addHuman(conversation: Conversation, message: Message, index: number): void {
  const { blocks, parts } = toBlocks(message.content ?? [], index);
  if (blocks.length === 0) return;
  conversation.add(new HumanMessage(fieldsFor(message, blocks, parts)));
}

function addSystem(conversation: Conversation, message: Message, index: number): void {
  const content = message.content ?? [];
  const file = content.find(({ type }) => ["image", "audio", "video", "file"].includes(type));
  if (file !== undefined) throw unfit({ index, kind: file.type }, "a system message can only hold text");
  const { blocks, parts } = toBlocks(content, index);
  if (blocks.length > 0) conversation.add(new SystemMessage(fieldsFor(message, blocks, parts)));
}

function fieldsFor(
  message: Message,
  blocks: readonly ContentBlock[],
  parts: MessageNote["parts"],
): {
  readonly id: string;
  readonly content: string | ContentBlock[];
  readonly response_metadata: Record<string, unknown>;
} {
  const { response_metadata, ...fields } = leftoverFields(leftoverOf(message));
  const note = noteFor(message, blocks.length, { parts });
  return {
    ...fields,
    id: message.id,
    content: contentOf(blocks),
    response_metadata: { ...response_metadata, ...withNote({ messages: [note] }) },
  };
}

function addThought(conversation: Conversation, message: Message, index: number): void {
  const { blocks, parts } = toBlocks(message.content ?? [], index);
  const texts = blocks.map((block) => {
    if (block.type !== "text") throw unfit({ index, kind: block.type }, "reasoning can only hold text");
    return String(block["text"]);
  });
  const text = texts.join("");
  if (text === "") return;
  // Several texts are one when they come back; the note keeps where they began.
  const was =
    texts.length > 1
      ? Object.fromEntries((message.content ?? []).map((part, at) => [at, { was: bareContent(part) }]))
      : parts;
  conversation.think(message, noteFor(message, text.length, { parts: was }), text);
}

interface PlacedData {
  readonly data: Readonly<Record<string, unknown>>;
  readonly place: PartPlace;
}

function addCall(conversation: Conversation, message: Message, { data, place }: PlacedData): void {
  const call = parseCall(data, place);
  conversation.call(message, noteFor(message, 1, { data }), call);
}

function addOutput(conversation: Conversation, message: Message, { data, place }: PlacedData): void {
  const output = parseCallOutput(data, place);
  conversation.output(noteFor(message, 1, { data }), output);
}

function noteFor(
  message: Message,
  size: number,
  { parts, data }: { parts?: MessageNote["parts"] | undefined; data?: Readonly<Record<string, unknown>> },
): MessageNote {
  const usual = message.type.endsWith("_output") ? "tool" : "assistant";
  const isUsual = message.role === usual && message.type !== "message";
  return {
    id: message.id,
    type: message.type,
    ...(!isUsual && { role: message.role }),
    ...(message.metadata !== null && { metadata: message.metadata }),
    size,
    ...(parts !== undefined && { parts }),
    ...(data !== undefined && { data }),
  };
}

function toBlocks(
  content: readonly Content[],
  index: number,
): { readonly blocks: ContentBlock[]; readonly parts: MessageNote["parts"] } {
  const blocks: ContentBlock[] = [];
  const notes: [number, PartNote][] = [];
  for (const part of content) {
    const block = toBlock(part, { index, kind: part.type });
    if (block === undefined) continue;
    const note = partNote(bareContent(part), fromBlock(block));
    if (note !== undefined) notes.push([blocks.length, note]);
    blocks.push(block);
  }
  return { blocks, parts: notes.length === 0 ? undefined : Object.fromEntries(notes) };
}

/** What has to be kept of a part so that it comes back from its block as it was. */
function partNote(part: BareContent, back: BareContent | undefined): PartNote | undefined {
  if (part.type === "refusal" || part.type === "data") return { as: part.type };
  return JSON.stringify(sorted(part)) === JSON.stringify(sorted(back)) ? undefined : { was: part };
}

function sorted(part: BareContent | undefined): unknown {
  return Object.entries(part ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
