import type { UIDataPart, UIJson, UISourceDocumentPart, UISourceUrlPart } from "./ui-message.ts";

interface CalledTool {
  toolCallId: string;
  toolName: string;
  dynamic?: true;
  toolMetadata?: { [key: string]: UIJson };
}

/** The `UIMessageChunk`s of AI SDK 6 and 7, as far as this package writes them. */
export type UIChunk =
  | { type: "start"; messageId?: string }
  | { type: "start-step" | "finish-step" }
  | { type: "text-start" | "text-end" | "reasoning-start" | "reasoning-end"; id: string }
  | { type: "text-delta" | "reasoning-delta"; id: string; delta: string }
  | { type: "file"; url: string; mediaType: string }
  | UISourceUrlPart
  | UISourceDocumentPart
  | UIDataPart
  | ({ type: "tool-input-start" } & CalledTool)
  | { type: "tool-input-delta"; toolCallId: string; inputTextDelta: string }
  | ({ type: "tool-input-available"; input: unknown } & CalledTool)
  | { type: "tool-approval-request"; approvalId: string; toolCallId: string }
  | { type: "tool-output-available"; toolCallId: string; output: unknown; preliminary?: true }
  | { type: "tool-output-error"; toolCallId: string; errorText: string }
  | { type: "tool-output-denied"; toolCallId: string }
  | { type: "finish"; finishReason: "stop" | "length" | "content-filter" | "other" }
  | { type: "error"; errorText: string }
  | { type: "abort" };
