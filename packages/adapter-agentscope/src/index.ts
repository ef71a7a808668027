export { createAgentScopeHandler } from "./create-agentscope-handler.ts";
export { createAgentScopeStorage } from "./agentscope-storage.ts";
export { createMemoryTools } from "./memory-tools.ts";
export { fromAgentScope } from "./from-agentscope.ts";
export { fromAgentScopeMessages } from "./from-agentscope-messages.ts";
export { fromAgentScopeTools } from "./from-agentscope-tools.ts";
export { toAgentScopeMessages } from "./to-agentscope-messages.ts";
export { toAgentScopeTools } from "./to-agentscope-tools.ts";

export type { AgentScopeAgent, AgentScopeModel, AgentScopeToolkit } from "./agentscope-agent.ts";
export type {
  AgentScopeBlock,
  AgentScopeDataBlock,
  AgentScopeHintBlock,
  AgentScopeJson,
  AgentScopeMessage,
  AgentScopeSource,
  AgentScopeTextBlock,
  AgentScopeThinkingBlock,
  AgentScopeToolCallBlock,
  AgentScopeToolResultBlock,
  AgentScopeToolState,
  AnyAgentScopeMessage,
} from "./agentscope-message.ts";
export type { AgentScopeFactory, AgentScopeHandlerOptions } from "./create-agentscope-handler.ts";
export type { AgentScopeStorage, AgentScopeStorageOptions } from "./agentscope-storage.ts";
export type { AgentScopeStream, FromAgentScopeOptions } from "./from-agentscope.ts";
export type { AgentScopeTool, AgentScopeToolResponse, AnyAgentScopeTool } from "./agentscope-tool.ts";
export type { ToAgentScopeMessagesOptions } from "./to-agentscope-messages.ts";
export type { ToAgentScopeToolsOptions } from "./to-agentscope-tools.ts";
