import type { MessageType } from "@agentscope-runtime/protocol";

/** What a message of ours is to AG-UI. */
export type MessageKind = "text" | "reasoning" | "call" | "result" | "approval" | "other";

const kinds: Readonly<Record<MessageType, MessageKind>> = {
  message: "text",
  reasoning: "reasoning",
  plugin_call: "call",
  mcp_call: "call",
  function_call: "call",
  plugin_call_output: "result",
  mcp_call_output: "result",
  function_call_output: "result",
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
