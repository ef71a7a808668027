/** A value that JSON can carry. */
export type AgentScopeJson = null | string | number | boolean | AgentScopeJson[] | { [key: string]: AgentScopeJson };

export interface AgentScopeTextBlock {
  type: "text";
  id: string;
  text: string;
}

export interface AgentScopeThinkingBlock {
  type: "thinking";
  id: string;
  thinking: string;
}

/** Declared by the framework; nothing in it makes or reads one. */
export interface AgentScopeHintBlock {
  type: "hint";
  id: string;
  hint: string;
}

/** Where bytes are; `data` is base64. */
export type AgentScopeSource =
  | { type: "base64"; data: string; mediaType: string }
  | { type: "url"; url: string; mediaType: string };

/** An image, audio, a video or a file: its media type says which. */
export interface AgentScopeDataBlock {
  type: "data";
  id: string;
  name?: string;
  source: AgentScopeSource;
}

export interface AgentScopeToolCallBlock {
  type: "tool_call";
  /** The call's. */
  id: string;
  name: string;
  /** JSON text. */
  input: string;
  awaitUserConfirmation?: boolean;
}

export type AgentScopeToolState = "success" | "error" | "interrupted" | "running";

export interface AgentScopeToolResultBlock {
  type: "tool_result";
  /** The call's. */
  id: string;
  name: string;
  output: string | (AgentScopeTextBlock | AgentScopeDataBlock)[];
  state: AgentScopeToolState;
}

export type AgentScopeBlock =
  | AgentScopeTextBlock
  | AgentScopeThinkingBlock
  | AgentScopeHintBlock
  | AgentScopeDataBlock
  | AgentScopeToolCallBlock
  | AgentScopeToolResultBlock;

/** The framework's `Msg`. Its assistant messages hold all that an agent said and did without a pause, in order. */
export interface AgentScopeMessage<Metadata = AgentScopeJson> {
  id: string;
  name: string;
  role: "user" | "assistant" | "system";
  content: AgentScopeBlock[];
  metadata: Record<string, Metadata>;
  /** ISO 8601. */
  timestamp: string;
  usage?: { inputTokens: number; outputTokens: number };
}

/** A `Msg` that is only read. */
export type AnyAgentScopeMessage = AgentScopeMessage<unknown>;
