import { dataIn, parseCall, parseCallOutput, unfit } from "@agentscope-runtime/core/adapter";
import type { PartPlace } from "@agentscope-runtime/core/adapter";
import type { Message } from "@agentscope-runtime/protocol";
import { MastraConversation } from "./mastra-conversation.ts";
import type { MastraMessage, MastraReasoningPart } from "./mastra-message.ts";
import { withNote } from "./runtime-note.ts";
import { toMastraParts, toMastraText } from "./to-mastra-parts.ts";

/**
 * Turns our messages into what `stream` of an agent of Mastra's takes, in the form in which Mastra keeps messages itself.
 *
 * What the agent said and called without a pause becomes one message, with the answers at their calls, wherever they stood. Ids,
 * metadata and what Mastra has no field for are kept, and `fromMastraMessages` brings them back. Answers without a call are
 * dropped; a call without an answer is shown to the model with the error "No result: the run ended before the tool answered.",
 * which does not come back.
 *
 * Arguments that are not JSON become `{ invalid_arguments: text }`. Left out: heartbeats, errors, approvals, lists of MCP tools,
 * component calls, A2UI responses, empty texts, and what an agent called while it answered another one's call. `data` parts are
 * told as JSON text, but for sources and what tools told the client themselves.
 *
 * Throws `invalid_argument`, with the message's index, for files that cannot be found, a `file_id`, calls without an id or a
 * name, files in system messages, and messages of role `tool` that answer no call.
 */
export function toMastraMessages(messages: readonly Message[]): MastraMessage[] {
  const conversation = new MastraConversation(Date.now() - messages.length);
  for (const [index, message] of messages.entries()) addMessage(conversation, message, index);
  return conversation.end();
}

function addMessage(conversation: MastraConversation, message: Message, index: number): void {
  const content = message.content ?? [];
  switch (message.type) {
    case "message":
      addSpeech(conversation, message, index);
      break;
    case "reasoning":
      conversation.say(message, reasoningParts(conversation, message, index));
      break;
    case "function_call":
    case "plugin_call":
    case "mcp_call":
      for (const data of dataIn(message))
        addCall(conversation, { message, data, place: { index, kind: message.type } });
      break;
    case "function_call_output":
    case "plugin_call_output":
    case "mcp_call_output":
      for (const data of dataIn(message))
        addOutput(conversation, { message, data, place: { index, kind: message.type } });
      break;
    case "component_call_output":
    case "a2ui_action":
      conversation.addUser(message, toMastraParts(content, conversation.noteFor(message), index));
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

function addSpeech(conversation: MastraConversation, message: Message, index: number): void {
  const content = message.content ?? [];
  const note = conversation.noteFor(message);
  switch (message.role) {
    case "user":
    case null:
      conversation.addUser(message, toMastraParts(content, note, index));
      break;
    case "assistant":
      conversation.say(message, toMastraParts(content, note, index));
      break;
    case "system":
      conversation.addSystem(message, toMastraText(content, index));
      break;
    case "tool":
      throw unfit({ index, kind: message.type }, "a message of role tool has to be the output of a call");
  }
}

function reasoningParts(conversation: MastraConversation, message: Message, index: number): MastraReasoningPart[] {
  return (message.content ?? []).flatMap((part): MastraReasoningPart[] => {
    const text = toMastraText([part], index);
    if (text === "") return [];
    const note = { ...conversation.noteFor(message), ...(part.type !== "text" && { rest: { type: part.type } }) };
    return [
      { type: "reasoning", reasoning: text, details: [{ type: "text", text }], providerMetadata: withNote({ note }) },
    ];
  });
}

interface Entry {
  readonly message: Message;
  readonly data: Readonly<Record<string, unknown>>;
  readonly place: PartPlace;
}

function addCall(conversation: MastraConversation, { message, data, place }: Entry): void {
  conversation.call(message, data, parseCall(data, place));
}

function addOutput(conversation: MastraConversation, { message, data, place }: Entry): void {
  conversation.output(message, data, parseCallOutput(data, place));
}
