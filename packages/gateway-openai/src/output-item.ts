import { unreachable } from "@agentscope-runtime/protocol";
import type { Message, MessageType, Role } from "@agentscope-runtime/protocol";
import { dataOf, textField } from "./message-data.ts";
import { toOutputPart } from "./output-part.ts";
import type { OutputPart } from "./output-part.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete" | "failed";

export interface MessageItem {
  readonly type: "message";
  readonly id: string;
  readonly status: ItemStatus;
  readonly role: "assistant" | "user" | "system";
  readonly content: readonly OutputPart[];
}

/**
 * Reasoning is told as a summary: the one form whose stream events are the same in Open Responses and in OpenAI's client.
 */
export interface ReasoningItem {
  readonly type: "reasoning";
  readonly id: string;
  readonly status: ItemStatus;
  readonly summary: readonly SummaryPart[];
}

export interface SummaryPart {
  readonly type: "summary_text";
  readonly text: string;
}

/** A call that the client runs. */
export interface FunctionCallItem {
  readonly type: "function_call";
  readonly id: string;
  readonly status: ItemStatus;
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface FunctionCallOutputItem {
  readonly type: "function_call_output";
  readonly id: string;
  readonly status: ItemStatus;
  readonly call_id: string;
  readonly output: string;
}

/** A tool that was run on the server's side, by the agent or an MCP server, with its answer: nothing for the client to do. */
export interface ToolItem {
  readonly type: "mcp_call";
  readonly id: string;
  readonly status: ItemStatus;
  /** The MCP server; the agent's name for its own tools. */
  readonly server_label: string;
  readonly name: string;
  readonly arguments: string;
  readonly output: string | null;
  readonly error: { readonly type: "mcp_tool_execution_error"; readonly content: readonly SummaryText[] } | null;
  readonly approval_request_id: null;
}

interface SummaryText {
  readonly type: "text";
  readonly text: string;
}

/** An item that is told whole. */
export interface WholeItem {
  readonly type: "mcp_approval_request" | "mcp_approval_response" | "mcp_list_tools";
  readonly id: string;
  readonly [field: string]: unknown;
}

export type OutputItem = MessageItem | ReasoningItem | FunctionCallItem | FunctionCallOutputItem | ToolItem | WholeItem;

/** How a message of the wire is told: as an item of this type, as the answer of a tool's item, or not at all. */
export type Telling = OutputItem["type"] | "tool_answer" | "nothing";

const tellings: Readonly<Record<MessageType, Telling>> = {
  message: "message",
  reasoning: "reasoning",
  function_call: "function_call",
  function_call_output: "function_call_output",
  plugin_call: "mcp_call",
  plugin_call_output: "tool_answer",
  mcp_call: "mcp_call",
  mcp_call_output: "tool_answer",
  component_call: "mcp_call",
  component_call_output: "tool_answer",
  mcp_list_tools: "mcp_list_tools",
  mcp_approval_request: "mcp_approval_request",
  mcp_approval_response: "mcp_approval_response",
  a2ui_response: "message",
  a2ui_action: "message",
  error: "message",
  heartbeat: "nothing",
};

export function tellingOf(type: MessageType): Telling {
  return tellings[type];
}

export function messageItem(id: string, { role, content }: Message, status: ItemStatus): MessageItem {
  return { type: "message", id, status, role: toRole(role), content: (content ?? []).map(toOutputPart) };
}

export function reasoningItem(id: string, { content }: Message, status: ItemStatus): ReasoningItem {
  const summary = (content ?? []).map((part) => summaryPart(textOf(part)));
  return { type: "reasoning", id, status, summary };
}

export function summaryPart(text: string): SummaryPart {
  return { type: "summary_text", text };
}

export function functionCallItem(id: string, message: Pick<Message, "content">, status: ItemStatus): FunctionCallItem {
  const data = dataOf(message);
  return {
    type: "function_call",
    id,
    status,
    call_id: textField(data, "call_id") || id,
    name: textField(data, "name"),
    arguments: textField(data, "arguments"),
  };
}

export function functionCallOutputItem(id: string, message: Message, status: ItemStatus): FunctionCallOutputItem {
  const data = dataOf(message);
  return {
    type: "function_call_output",
    id,
    status,
    call_id: textField(data, "call_id") || id,
    output: textField(data, "output"),
  };
}

export function toolItem(id: string, message: Pick<Message, "content">, agent: string): ToolItem {
  const data = dataOf(message);
  return {
    type: "mcp_call",
    id,
    status: "in_progress",
    server_label: textField(data, "server_label") || agent,
    name: textField(data, "name"),
    arguments: textField(data, "arguments"),
    output: null,
    error: null,
    approval_request_id: null,
  };
}

/** The tool's item once it has answered. */
export function answeredToolItem(item: ToolItem, message: Message, status: ItemStatus): ToolItem {
  const data = dataOf(message);
  const output = textField(data, "output");
  if (data["is_error"] !== true) return { ...item, status, output };
  return {
    ...item,
    status: "failed",
    error: { type: "mcp_tool_execution_error", content: [{ type: "text", text: output }] },
  };
}

export function wholeItem(type: WholeItem["type"], id: string, message: Message): WholeItem {
  const data = dataOf(message);
  switch (type) {
    case "mcp_approval_request": {
      const [name, given, label] = ["name", "arguments", "server_label"].map((field) => textField(data, field));
      // Who answers names this id.
      return { type, id: textField(data, "id") || id, name, arguments: given, server_label: label };
    }
    case "mcp_approval_response": {
      const { approve, reason = null } = data;
      const asked = textField(data, "approval_request_id");
      return { type, id, approval_request_id: asked, approve: approve === true, reason };
    }
    case "mcp_list_tools": {
      const { tools, error = null } = data;
      return {
        type,
        id,
        server_label: textField(data, "server_label"),
        tools: Array.isArray(tools) ? tools : [],
        error,
      };
    }
    default:
      return unreachable(type);
  }
}

export function textOf(part: NonNullable<Message["content"]>[number]): string {
  return (part.type === "text" ? part.text : part.type === "refusal" ? part.refusal : null) ?? "";
}

function toRole(role: Role | null): MessageItem["role"] {
  return role === "user" || role === "system" ? role : "assistant";
}
