import type { MessageType } from "@agentscope-runtime/protocol";

/** What a message is to a client of MCP. */
export type MessageKind = "text" | "reasoning" | "tool_call" | "tool_result" | "approval" | "other";

const kinds: Readonly<Record<MessageType, MessageKind>> = {
  message: "text",
  reasoning: "reasoning",
  plugin_call: "tool_call",
  mcp_call: "tool_call",
  function_call: "tool_call",
  plugin_call_output: "tool_result",
  mcp_call_output: "tool_result",
  function_call_output: "tool_result",
  mcp_approval_request: "approval",
  mcp_approval_response: "other",
  mcp_list_tools: "other",
  component_call: "other",
  component_call_output: "other",
  a2ui_action: "other",
  a2ui_response: "other",
  error: "other",
  heartbeat: "other",
};

export function messageKind(type: MessageType): MessageKind {
  return kinds[type];
}
