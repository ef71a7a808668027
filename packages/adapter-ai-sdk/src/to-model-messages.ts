import { dataIn, parseCall, parseCallOutput, placeText, unfit } from "@agentscope-runtime/core/adapter";
import type { PartPlace } from "@agentscope-runtime/core/adapter";
import type { Message } from "@agentscope-runtime/protocol";
import { mcpApprovalRequestSchema, mcpApprovalResponseSchema, parse } from "@agentscope-runtime/protocol";
import { ModelConversation } from "./model-conversation.ts";
import type { ModelFileReference, ModelMessage, ModelReasoningPart } from "./model-message.ts";
import { toModelParts, toModelText } from "./to-model-parts.ts";
import type { MessageContext } from "./to-model-parts.ts";
import type { ResultImages } from "./to-tool-output.ts";

export interface ToModelMessagesOptions extends ResultImages {
  /**
   * The provider that `file_id`s belong to, as AI SDK 7 names it in references to files, such as `openai`. Without it
   * a `file_id` is an error.
   */
  readonly fileProvider?: string;
}

/**
 * Turns our messages into the `messages` of `streamText`, `generateText` and agents of AI SDK 6 and 7.
 *
 * What the agent said and called without a pause becomes one assistant message, the answers to its calls the tool
 * message behind it, wherever they stood. Answers without a call are dropped. A call without an answer gets the error
 * text "No result: the run ended before the tool answered.", and a denied one `execution-denied`, since models refuse
 * calls that dangle. Only an approval that is answered at the very end stays open: the SDK runs or denies that call.
 *
 * Arguments that are not JSON become `{ invalid_arguments: text }`. Left out: heartbeats, errors, lists of MCP tools,
 * component calls, A2UI responses, sources, empty texts, reasoning that nothing follows. What a user did with a
 * component or an A2UI surface is told as JSON text, and so is every `data` part.
 *
 * Throws `invalid_argument`, with the message's index, for files that cannot be found, calls without an id or a name,
 * files in system messages, and messages of role `tool` that answer no call. AI SDK 7 itself refuses system messages
 * unless it gets `allowSystemInMessages: true`.
 */
export function toModelMessages(messages: readonly Message[], options?: ResultImages): ModelMessage[];
export function toModelMessages(
  messages: readonly Message[],
  options: ToModelMessagesOptions,
): ModelMessage<ModelFileReference>[];
export function toModelMessages(
  messages: readonly Message[],
  options: ToModelMessagesOptions = {},
): ModelMessage<ModelFileReference>[] {
  const conversation = new ModelConversation(options);
  for (const [index, message] of messages.entries()) {
    addMessage(conversation, message, { index, fileProvider: options.fileProvider });
  }
  return conversation.end();
}

function addMessage(conversation: ModelConversation, message: Message, context: MessageContext): void {
  const content = message.content ?? [];
  switch (message.type) {
    case "message":
      addSpeech(conversation, message, context);
      break;
    case "reasoning":
      conversation.say(reasoningParts(toModelText(content, context)));
      break;
    case "function_call":
    case "plugin_call":
    case "mcp_call":
      for (const data of dataIn(message)) addCall(conversation, data, placeOf(message, context));
      break;
    case "function_call_output":
    case "plugin_call_output":
    case "mcp_call_output":
      for (const data of dataIn(message)) addOutput(conversation, data, placeOf(message, context));
      break;
    case "mcp_approval_request":
      for (const data of dataIn(message)) addApprovalRequest(conversation, data, placeOf(message, context));
      break;
    case "mcp_approval_response":
      for (const data of dataIn(message)) addApprovalResponse(conversation, data, placeOf(message, context));
      break;
    case "component_call_output":
    case "a2ui_action":
      conversation.add({ role: "user", content: toModelParts(content, context) });
      break;
    case "component_call":
    case "a2ui_response":
    case "mcp_list_tools":
    case "heartbeat":
    case "error":
      break;
  }
}

function addSpeech(conversation: ModelConversation, message: Message, context: MessageContext): void {
  const content = message.content ?? [];
  switch (message.role) {
    case "user":
    case null:
      conversation.add({ role: "user", content: toModelParts(content, context) });
      break;
    case "assistant":
      conversation.say(toModelParts(content, context));
      break;
    case "system":
      conversation.add({ role: "system", content: toModelText(content, context) });
      break;
    case "tool":
      throw unfit(placeOf(message, context), "a message of role tool has to be the output of a call");
  }
}

function reasoningParts(text: string): ModelReasoningPart[] {
  return text === "" ? [] : [{ type: "reasoning", text }];
}

function addCall(conversation: ModelConversation, data: unknown, place: PartPlace): void {
  conversation.call({ ...parseCall(data, place), mcp: place.kind === "mcp_call" });
}

function addOutput(conversation: ModelConversation, data: unknown, place: PartPlace): void {
  conversation.output(parseCallOutput(data, place));
}

function addApprovalRequest(conversation: ModelConversation, data: unknown, place: PartPlace): void {
  const request = parse(mcpApprovalRequestSchema, data, placeText(place));
  conversation.requestApproval(request.id, { name: request.name, arguments: request.arguments, mcp: true });
}

function addApprovalResponse(conversation: ModelConversation, data: unknown, place: PartPlace): void {
  const response = parse(mcpApprovalResponseSchema, data, placeText(place));
  conversation.answerApproval({
    approvalId: response.approval_request_id,
    approved: response.approve,
    reason: response.reason ?? undefined,
  });
}

function placeOf({ type }: Message, { index }: MessageContext): PartPlace {
  return { index, kind: type };
}
