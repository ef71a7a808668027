import {
  applyDifference,
  bareMessage,
  differenceOf,
  parseCall,
  parseCallOutput,
  sourceDataType,
  unfit,
} from "@agentscope-runtime/core/adapter";
import type { Content, Message } from "@agentscope-runtime/protocol";
import type { AgentAssistantContent, AgentItem } from "./agent-item.ts";
import { bareOf } from "./from-item.ts";
import { leftoverOf, ownMetadata } from "./item-note.ts";
import type { ItemNote } from "./item-note.ts";
import { toItemOutput } from "./tool-output.ts";
import { toUserContent } from "./to-user-content.ts";

/** A message as an item, with what the item cannot say noted in it; undefined for what is not told to models. */
export function toItem(message: Message, index: number): AgentItem | undefined {
  const leftover = leftoverOf(message);
  if (leftover?.part === true) return undefined;
  const plain = draftOf(message, index);
  // `fromAgentItem` wrote the leftover: what comes of it is the SDK's own item again.
  const item = leftover === undefined ? plain : (applyDifference(plain ?? {}, leftover.change) as AgentItem);
  return item === undefined ? undefined : { ...item, agentscope: noteFor(message, item) };
}

function noteFor(message: Message, item: AgentItem): ItemNote {
  const said = { ...bareMessage(message), metadata: ownMetadata(message.metadata) };
  const [made] = bareOf(item);
  const change = differenceOf(made === undefined ? undefined : { ...made, metadata: undefined }, said);
  return change === undefined ? { id: message.id } : { id: message.id, change };
}

/** The item of what the message says itself. */
export function draftOf(message: Message, index: number): AgentItem | undefined {
  const { type, content } = message;
  switch (type) {
    case "message":
      return speechItem(message, index);
    case "reasoning": {
      const text = textOf(content ?? [], index);
      return { type: "reasoning", content: text === "" ? [] : [{ type: "input_text", text }] };
    }
    case "function_call":
    case "plugin_call":
    case "mcp_call":
      return callItem(message, index);
    case "function_call_output":
    case "plugin_call_output":
    case "mcp_call_output":
      return resultItem(message, index);
    // Which part of a page a user has used is told as it is.
    case "component_call_output":
    case "a2ui_action":
      return userItem(content ?? [], index);
    case "mcp_approval_request":
    case "mcp_approval_response":
    case "component_call":
    case "a2ui_response":
    case "mcp_list_tools":
    case "heartbeat":
    case "error":
      return undefined;
  }
}

function speechItem({ role, content, type }: Message, index: number): AgentItem {
  const parts = content ?? [];
  switch (role) {
    case "user":
    case null:
      return userItem(parts, index);
    case "assistant":
      return { type: "message", role, status: "completed", content: parts.flatMap(toAssistantContent) };
    case "system":
      return { type: "message", role, content: textOf(parts, index) };
    case "tool":
      throw unfit({ index, kind: type }, "a message of role tool has to be the output of a call");
  }
}

function userItem(content: readonly Content[], index: number): AgentItem {
  return { type: "message", role: "user", content: content.flatMap((part) => toUserContent(part, index)) };
}

/** Models take texts of theirs only: everything else that they have made is named. */
function toAssistantContent(part: Content): AgentAssistantContent[] {
  switch (part.type) {
    case "text":
      return outputText(part.text ?? "");
    case "refusal":
      return part.refusal === null || part.refusal === "" ? [] : [{ type: "refusal", refusal: part.refusal }];
    case "data":
      // What the model has read once it need not read again.
      if (part.data === null || part.data["type"] === sourceDataType) return [];
      return outputText(JSON.stringify(part.data));
    case "image":
    case "audio":
    case "video":
      return outputText(`[${part.type}]`);
    case "file":
      return outputText(`[file ${part.filename ?? part.file_name ?? ""}]`.replace(" ]", "]"));
  }
}

function outputText(text: string): AgentAssistantContent[] {
  return text === "" ? [] : [{ type: "output_text", text }];
}

function textOf(content: readonly Content[], index: number): string {
  const texts = content.map((part) => {
    if (part.type === "text") return part.text ?? "";
    if (part.type === "refusal") return part.refusal ?? "";
    if (part.type === "data") return part.data === null ? "" : JSON.stringify(part.data);
    throw unfit({ index, kind: part.type }, "this message can only hold text");
  });
  return texts.filter((text) => text !== "").join("\n");
}

function callItem(message: Message, index: number): AgentItem {
  const call = parseCall(dataOf(message, index), { index, kind: message.type });
  return { type: "function_call", status: "completed", ...call };
}

function resultItem(message: Message, index: number): AgentItem {
  const { callId, name, output } = parseCallOutput(dataOf(message, index), { index, kind: message.type });
  return {
    type: "function_call_result",
    callId,
    // The call's own name comes where the call is known.
    name: name ?? callId,
    status: "completed",
    output: toItemOutput(output),
  };
}

function dataOf({ type, content }: Message, index: number): unknown {
  const [part, ...more] = content ?? [];
  if (part?.type === "data" && more.length === 0) return part.data;
  throw unfit({ index, kind: type }, "it has to have one part of data and nothing else");
}
