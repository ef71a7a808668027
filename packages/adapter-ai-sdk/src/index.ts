export { fromAiSdk } from "./from-ai-sdk.ts";
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
  ModelToolCallPart,
  ModelToolOutput,
  ModelToolPart,
  ModelToolResultPart,
  ModelUserPart,
} from "./model-message.ts";
export type { ToModelMessagesOptions } from "./to-model-messages.ts";
