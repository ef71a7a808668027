export { createLangGraphHandler } from "./lang-graph-handler.ts";
export { fromLangChainMessages } from "./from-lang-chain-messages.ts";
export { fromLangChainTools } from "./from-lang-chain-tools.ts";
export { fromLangGraph } from "./from-lang-graph.ts";
export { MemoryStore } from "./memory-store.ts";
export { SessionChatHistory } from "./session-chat-history.ts";
export { StateCheckpointSaver } from "./state-checkpoint-saver.ts";
export { toDeepAgentsSandbox } from "./to-deep-agents-sandbox.ts";
export { toLangChainMessages } from "./to-lang-chain-messages.ts";
export { toLangChainTools } from "./to-lang-chain-tools.ts";
export { toRunnableConfig } from "./to-runnable-config.ts";

export type { FromLangGraphOptions } from "./from-lang-graph.ts";
export type { GraphInterrupt } from "./interrupt.ts";
export type { GraphOrigin } from "./stream-reader.ts";
export type { GraphState, LangChainAgent, LangGraphGraph, LangGraphHandlerOptions } from "./lang-graph-handler.ts";
export type { InterruptAnswer } from "./resume.ts";
export type { LangChainTool } from "./from-lang-chain-tools.ts";
export type { MemoryStoreOptions } from "./memory-store.ts";
export type { ResultImages } from "./tool-content.ts";
export type { RunConfig } from "./to-runnable-config.ts";
export type { SessionChatHistoryOptions } from "./session-chat-history.ts";
export type { StateCheckpointSaverOptions } from "./state-checkpoint-saver.ts";
export type { ToLangChainMessagesOptions } from "./to-lang-chain-messages.ts";
export type {
  DeepAgentsFileError,
  DeepAgentsSandbox,
  SandboxLike,
  ToDeepAgentsSandboxOptions,
} from "./to-deep-agents-sandbox.ts";
