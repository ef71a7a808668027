export { fromAiSdk } from "./from-ai-sdk.ts";
export { toAiSdkTools } from "./to-ai-sdk-tools.ts";
export { toModelMessages } from "./to-model-messages.ts";

export type { AiSdkResult, AiSdkStream, FromAiSdkOptions } from "./from-ai-sdk.ts";
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
export type { ToModelMessagesOptions } from "./to-model-messages.ts";
export type { AiSdkFunctionTool, AiSdkToolCallOptions } from "./to-ai-sdk-tools.ts";
export type { ResultImages } from "./to-tool-output.ts";
