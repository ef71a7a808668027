export { fromMastra } from "./from-mastra.ts";
export { fromMastraAgent, mastraThread } from "./from-mastra-agent.ts";
export { fromMastraMessages } from "./from-mastra-messages.ts";
export { fromMastraTools } from "./from-mastra-tools.ts";
export { memoryProcessor } from "./memory-processor.ts";
export { toMastraFilesystem } from "./to-mastra-filesystem.ts";
export { toMastraMessages } from "./to-mastra-messages.ts";
export { toMastraSandbox } from "./to-mastra-sandbox.ts";
export { toMastraStorage } from "./to-mastra-storage.ts";
export { toMastraTools } from "./to-mastra-tools.ts";

export type { FromMastraOptions, MastraResult, MastraStream } from "./from-mastra.ts";
export type {
  FromMastraAgentOptions,
  MastraAgent,
  MastraResumeOptions,
  MastraRunOptions,
  MastraThread,
} from "./from-mastra-agent.ts";
export type { MastraKeptMessage } from "./from-mastra-messages.ts";
export type { FromMastraToolsOptions } from "./from-mastra-tools.ts";
export type { MastraChunk } from "./mastra-chunk.ts";
export type {
  MastraConversationMessage,
  MastraDataPart,
  MastraFilePart,
  MastraJson,
  MastraMessage,
  MastraPart,
  MastraPartMetadata,
  MastraReasoningPart,
  MastraStepStartPart,
  MastraSystemMessage,
  MastraTextPart,
  MastraToolInvocation,
  MastraToolInvocationPart,
} from "./mastra-message.ts";
export type { MemoryProcessor, MemoryProcessorOptions } from "./memory-processor.ts";
export type { SandboxFileEntry, SandboxLike } from "./sandbox-like.ts";
export type { ToMastraSandboxOptions } from "./to-mastra-sandbox.ts";
export type { ToMastraStorageOptions } from "./to-mastra-storage.ts";
export type { MastraTool, MastraToolContext, MastraToolSchema, ToMastraToolsOptions } from "./to-mastra-tools.ts";
