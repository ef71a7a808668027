/** What the adapter writes about where a part comes from. Mastra hands it through, and providers ignore it. */
export type MastraPartMetadata = Record<string, Record<string, MastraJson>>;

/** Not read-only: Mastra's own types are not. */
export type MastraJson = string | number | boolean | null | MastraJson[] | { [key: string]: MastraJson };

interface Noted {
  providerMetadata?: MastraPartMetadata;
}

export interface MastraTextPart extends Noted {
  type: "text";
  text: string;
}

export interface MastraReasoningPart extends Noted {
  type: "reasoning";
  reasoning: string;
  details: { type: "text"; text: string }[];
}

export interface MastraFilePart extends Noted {
  type: "file";
  mimeType: string;
  /** A URL; bytes are a `data:` URL. */
  data: string;
  filename?: string;
}

export interface MastraStepStartPart {
  type: "step-start";
}

export interface MastraToolInvocation {
  state: "call" | "result" | "output-error";
  toolCallId: string;
  toolName: string;
  args: unknown;
  result?: unknown;
  errorText?: string;
}

export interface MastraToolInvocationPart extends Noted {
  type: "tool-invocation";
  toolInvocation: MastraToolInvocation;
}

export interface MastraDataPart extends Noted {
  type: `data-${string}`;
  data: unknown;
  id?: string;
}

export type MastraPart =
  | MastraTextPart
  | MastraReasoningPart
  | MastraFilePart
  | MastraStepStartPart
  | MastraToolInvocationPart
  | MastraDataPart;

/** A message as Mastra keeps it, in its format 2. */
export interface MastraConversationMessage {
  id: string;
  role: "user" | "assistant";
  createdAt: Date;
  content: { format: 2; parts: MastraPart[]; metadata?: Record<string, unknown> };
}

/** What Mastra takes in place of a message for the system: a bare one. */
export interface MastraSystemMessage {
  role: "system";
  content: string;
  id?: string;
  metadata?: Record<string, unknown>;
}

/** What an agent's `stream` takes. */
export type MastraMessage = MastraConversationMessage | MastraSystemMessage;
