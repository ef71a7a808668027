/** What a tool part says about the tool itself. */
export interface AiSdkTool {
  readonly toolName: string;
  readonly providerExecuted?: boolean | undefined;
  /** What the tool says about itself; MCP clients put their name here. */
  readonly toolMetadata?: Readonly<Record<string, unknown>> | undefined;
  readonly providerMetadata?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

interface ToolPart extends AiSdkTool {
  readonly toolCallId: string;
}

/** Tokens of one model call. AI SDK 5 and 6 also have the two flat fields at the end. */
export interface AiSdkUsage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly totalTokens?: number | undefined;
  readonly inputTokenDetails?: {
    readonly cacheReadTokens?: number | undefined;
    readonly cacheWriteTokens?: number | undefined;
  };
  readonly outputTokenDetails?: { readonly reasoningTokens?: number | undefined };
  readonly cachedInputTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
}

/** A generated file. */
export interface AiSdkFile {
  readonly base64: string;
  readonly mediaType: string;
}

/** A page or a document that the answer is based on. */
type AiSdkSource =
  | {
      readonly type: "source";
      readonly sourceType: "url";
      readonly id: string;
      readonly url: string;
      readonly title?: string | undefined;
    }
  | {
      readonly type: "source";
      readonly sourceType: "document";
      readonly id: string;
      readonly mediaType: string;
      readonly title: string;
      readonly filename?: string | undefined;
    };

export interface AiSdkSpeech {
  readonly type: "text-delta" | "reasoning-delta";
  /** One block of text has one id. */
  readonly id: string;
  readonly text: string;
}

export interface AiSdkToolInputStart extends AiSdkTool {
  readonly type: "tool-input-start";
  /** The id of the call. */
  readonly id: string;
  /** `text` when the deltas are the input itself and not JSON. */
  readonly inputEncoding?: "json" | "text" | undefined;
}

export interface AiSdkToolCall extends ToolPart {
  readonly type: "tool-call";
  readonly input: unknown;
  /** The tool does not exist or the input does not fit it; `input` may then be the text that the model wrote. */
  readonly invalid?: boolean | undefined;
}

/**
 * The stream parts that this adapter reads, with the fields it reads, as AI SDK 6 and 7 send them. The types of `ai`
 * satisfy these, so `ai` is not a dependency. Parts that are not listed carry nothing for a client.
 */
export type AiSdkPart =
  | AiSdkSpeech
  | AiSdkToolInputStart
  | { readonly type: "tool-input-delta"; readonly id: string; readonly delta: string }
  | { readonly type: "tool-input-end"; readonly id: string }
  | AiSdkToolCall
  | (ToolPart & {
      readonly type: "tool-result";
      readonly output: unknown;
      readonly preliminary?: boolean | undefined;
    })
  | (ToolPart & { readonly type: "tool-error"; readonly error: unknown })
  | (ToolPart & { readonly type: "tool-output-denied" })
  | {
      readonly type: "tool-approval-request";
      readonly approvalId: string;
      readonly toolCall: AiSdkToolCall;
      /** A policy answers, not a person. */
      readonly isAutomatic?: boolean | undefined;
    }
  | {
      readonly type: "tool-approval-response";
      readonly toolCall: AiSdkToolCall;
      readonly reason?: string | undefined;
    }
  | { readonly type: "file"; readonly file: AiSdkFile }
  | AiSdkSource
  | { readonly type: "finish-step"; readonly usage: AiSdkUsage }
  | { readonly type: "finish"; readonly finishReason: string }
  | { readonly type: "error"; readonly error: unknown }
  | { readonly type: "abort"; readonly reason?: string | undefined };
