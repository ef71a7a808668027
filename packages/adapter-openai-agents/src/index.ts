export { createOpenAIAgentsHandler } from "./create-openai-agents-handler.ts";
export { createOpenAIAgentsMemoryStore } from "./create-openai-agents-memory-store.ts";
export { createOpenAIAgentsSandboxClient } from "./create-openai-agents-sandbox-client.ts";
export { createOpenAIAgentsSession } from "./create-openai-agents-session.ts";
export { fromAgentInputItems } from "./from-agent-input-items.ts";
export { fromOpenAIAgents } from "./from-openai-agents.ts";
export { fromOpenAIAgentsTools } from "./from-openai-agents-tools.ts";
export { toAgentInputItems } from "./to-agent-input-items.ts";
export { toOpenAIAgentsTools } from "./to-openai-agents-tools.ts";

export type {
  AgentAssistantContent,
  AgentAssistantItem,
  AgentFunctionCallItem,
  AgentFunctionCallResultItem,
  AgentInputAudio,
  AgentInputFile,
  AgentInputImage,
  AgentInputText,
  AgentItem,
  AgentReasoningItem,
  AgentSystemItem,
  AgentToolContent,
  AgentUserContent,
  AgentUserItem,
} from "./agent-item.ts";
export type { AgentToolReturn, AgentToolReturnPart } from "./tool-return.ts";
export type { AgentFunctionTool, AgentToolCallDetails, ToOpenAIAgentsToolsOptions } from "./to-openai-agents-tools.ts";
export type { AgentsApproval, AgentsRun, AgentsRunState, AgentsUsage } from "./run-event.ts";
export type { AnyAgentTool, FromOpenAIAgentsToolsOptions } from "./from-openai-agents-tools.ts";
export type { FromOpenAIAgentsOptions } from "./from-openai-agents.ts";
export type { ItemNote } from "./item-note.ts";
export type { OpenAIAgentsHandlerOptions, OpenAIAgentsRunner } from "./create-openai-agents-handler.ts";
export type { OpenAIAgentsMemoryStore, OpenAIAgentsMemoryStoreOptions } from "./create-openai-agents-memory-store.ts";
export type {
  OpenAIAgentsSandboxClient,
  OpenAIAgentsSandboxClientOptions,
} from "./create-openai-agents-sandbox-client.ts";
export type { OpenAIAgentsSession, OpenAIAgentsSessionOptions } from "./create-openai-agents-session.ts";
export type { Spent } from "./to-usage.ts";
