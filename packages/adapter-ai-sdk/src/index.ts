export { agentTool } from "./agent-tool.ts";
export { chatTransport } from "./chat-transport.ts";
export { createChatStore } from "./chat-store.ts";
export { fromAiSdk } from "./from-ai-sdk.ts";
export { fromAiSdkTools } from "./from-ai-sdk-tools.ts";
export { fromModelMessages } from "./from-model-messages.ts";
export { fromUIMessages } from "./from-ui-messages.ts";
export { memoryMiddleware } from "./memory-middleware.ts";
export { toAiSdkSandbox } from "./to-ai-sdk-sandbox.ts";
export { toAiSdkSandboxProvider } from "./to-ai-sdk-sandbox-provider.ts";
export { toAiSdkTools } from "./to-ai-sdk-tools.ts";
export { toModelMessages } from "./to-model-messages.ts";
export { toUIMessageStream } from "./to-ui-message-stream.ts";
export { toUIMessages } from "./to-ui-messages.ts";

export type { AgentToolOptions, AiSdkAgent } from "./agent-tool.ts";
export type { AgentChatTransport, ChatClient, ChatTransportOptions } from "./chat-transport.ts";
export type { ChatStore, ChatStoreOptions, LoadChatOptions } from "./chat-store.ts";
export type { AiSdkResult, AiSdkStream, FromAiSdkOptions } from "./from-ai-sdk.ts";
export type { AnyAiSdkTool, FromAiSdkToolsOptions } from "./from-ai-sdk-tools.ts";
export type { AnyModelMessage, FromModelMessagesOptions } from "./from-model-messages.ts";
export type { FromUIMessagesOptions } from "./from-ui-messages.ts";
export type { MemoryMiddleware, MemoryMiddlewareOptions, PromptParams } from "./memory-middleware.ts";
export type {
  ModelApprovalRequestPart,
  ModelApprovalResponsePart,
  ModelAssistantPart,
  ModelFilePart,
  ModelFileReference,
  ModelJson,
  ModelMessage,
  ModelReasoningPart,
  ModelTextPart,
  ModelToolContent,
  ModelToolCallPart,
  ModelToolOutput,
  ModelToolPart,
  ModelToolResultPart,
  ModelUserPart,
} from "./model-message.ts";
export type { ReachableSandboxLike, SandboxLeaseLike } from "./held-sandbox.ts";
export type { SandboxLike } from "./sandbox-like.ts";
export type { AiSdkSandboxProcess, AiSdkWritableProcess } from "./sandbox-process.ts";
export type { AiSdkSandbox, ToAiSdkSandboxOptions } from "./to-ai-sdk-sandbox.ts";
export type {
  AiSdkNetworkSandbox,
  AiSdkSandboxProvider,
  SandboxServiceLike,
  ToAiSdkSandboxProviderOptions,
} from "./to-ai-sdk-sandbox-provider.ts";
export type { ToModelMessagesOptions } from "./to-model-messages.ts";
export type { AiSdkFunctionTool, AiSdkToolCallOptions } from "./to-ai-sdk-tools.ts";
export type { ResultImages } from "./to-tool-output.ts";
export type { ToUIMessageStreamOptions } from "./ui-chunk-writer.ts";
export type { ToUIMessagesOptions } from "./to-ui-messages.ts";
export type { UIChunk } from "./ui-chunk.ts";
export type { UIMessageInput } from "./ui-input.ts";
export type {
  UIDataPart,
  UIFilePart,
  UIJson,
  UIMessage,
  UIPart,
  UIProviderMetadata,
  UIReasoningPart,
  UISourceDocumentPart,
  UISourceUrlPart,
  UIStepPart,
  UITextPart,
  UIToolPart,
  UIToolState,
} from "./ui-message.ts";
