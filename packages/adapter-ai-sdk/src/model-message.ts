/** Text in a message. */
export interface ModelTextPart {
  type: "text";
  text: string;
}

/** What the model thought. */
export interface ModelReasoningPart {
  type: "reasoning";
  text: string;
}

/** An image, audio, a video or a document. */
export interface ModelFilePart<Reference = never> {
  type: "file";
  /** Base64, a URL, or where the file is at a provider. */
  data: string | Reference;
  /** Such as `image/png`, or `image/*` when only the kind is known. */
  mediaType: string;
  filename?: string;
}

export interface ModelToolCallPart {
  type: "tool-call";
  toolCallId: string;
  toolName: string;
  input: unknown;
  /** Only on a call that waits for a person's answer and that the provider will run. */
  providerExecuted?: boolean;
}

export interface ModelApprovalRequestPart {
  type: "tool-approval-request";
  approvalId: string;
  toolCallId: string;
}

/** A value that JSON can carry. */
export type ModelJson = null | string | number | boolean | ModelJson[] | { [key: string]: ModelJson };

export type ModelToolOutput =
  | { type: "text" | "error-text"; value: string }
  | { type: "json" | "error-json"; value: ModelJson }
  | { type: "execution-denied"; reason?: string }
  /** What both AI SDK 6 and 7 take; `data` is base64. */
  | { type: "content"; value: ModelToolContent[] };

export type ModelToolContent =
  | { type: "text"; text: string }
  | { type: "image-data"; data: string; mediaType: string }
  | { type: "file-data"; data: string; mediaType: string; filename?: string };

export interface ModelToolResultPart {
  type: "tool-result";
  toolCallId: string;
  toolName: string;
  output: ModelToolOutput;
}

export interface ModelApprovalResponsePart {
  type: "tool-approval-response";
  approvalId: string;
  approved: boolean;
  reason?: string;
  providerExecuted?: boolean;
}

export type ModelUserPart<Reference = never> = ModelTextPart | ModelFilePart<Reference>;

export type ModelAssistantPart<Reference = never> =
  | ModelUserPart<Reference>
  | ModelReasoningPart
  | ModelToolCallPart
  | ModelApprovalRequestPart;

export type ModelToolPart = ModelToolResultPart | ModelApprovalResponsePart;

/**
 * The `ModelMessage` of AI SDK 6 and 7, as far as this package writes it. `Reference` is the type of references to
 * files at a provider, which only AI SDK 7 knows.
 */
export type ModelMessage<Reference = never> =
  | { role: "system"; content: string }
  | { role: "user"; content: ModelUserPart<Reference>[] }
  | { role: "assistant"; content: ModelAssistantPart<Reference>[] }
  | { role: "tool"; content: ModelToolPart[] };

/** Where a file is, by provider: `{ openai: "file-123" }`. */
export type ModelFileReference = Record<string, string>;
