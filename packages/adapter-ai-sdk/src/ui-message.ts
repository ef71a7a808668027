/** What a provider adds to a part, by provider. This package keeps its own notes there, as `agentscope`. */
export type UIProviderMetadata = Record<string, Record<string, UIJson>>;

/** A value that JSON can carry. */
export type UIJson = null | string | number | boolean | UIJson[] | { [key: string]: UIJson };

export interface UITextPart {
  type: "text";
  text: string;
  providerMetadata?: UIProviderMetadata;
}

export interface UIReasoningPart {
  type: "reasoning";
  text: string;
  providerMetadata?: UIProviderMetadata;
}

export interface UIFilePart {
  type: "file";
  mediaType: string;
  filename?: string;
  url: string;
  /** Only AI SDK 7 reads it. */
  providerReference?: Record<string, string>;
  providerMetadata?: UIProviderMetadata;
}

export interface UISourceUrlPart {
  type: "source-url";
  sourceId: string;
  url: string;
  title?: string;
  providerMetadata?: UIProviderMetadata;
}

export interface UISourceDocumentPart {
  type: "source-document";
  sourceId: string;
  mediaType: string;
  title: string;
  filename?: string;
  providerMetadata?: UIProviderMetadata;
}

export interface UIDataPart {
  type: `data-${string}`;
  id?: string;
  data: unknown;
}

export interface UIStepPart {
  type: "step-start";
}

/** How far a call is. */
export type UIToolState =
  | { state: "input-available"; input: unknown }
  | { state: "approval-requested"; input: unknown; approval: { id: string } }
  | {
      state: "approval-responded";
      input: unknown;
      approval: { id: string; approved: boolean; reason?: string };
    }
  | {
      state: "output-available";
      input: unknown;
      output: unknown;
      approval?: { id: string; approved: true; reason?: string };
    }
  | {
      state: "output-error";
      input: unknown;
      errorText: string;
      approval?: { id: string; approved: true; reason?: string };
    }
  | {
      state: "output-denied";
      input: unknown;
      approval: { id: string; approved: false; reason?: string };
    };

/** A call and what became of it. Tools of MCP servers are `dynamic-tool`s. */
export type UIToolPart = UIToolState & {
  toolCallId: string;
  toolMetadata?: { [key: string]: UIJson };
  callProviderMetadata?: UIProviderMetadata;
} & ({ type: `tool-${string}` } | { type: "dynamic-tool"; toolName: string });

export type UIPart =
  | UITextPart
  | UIReasoningPart
  | UIFilePart
  | UISourceUrlPart
  | UISourceDocumentPart
  | UIDataPart
  | UIStepPart
  | UIToolPart;

/** The `UIMessage` of AI SDK 6 and 7, as far as this package writes it; what it kept of the SDK's own comes back as it was. */
export interface UIMessage {
  id: string;
  role: "system" | "user" | "assistant";
  metadata?: unknown;
  parts: UIPart[];
}
