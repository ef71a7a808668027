import type { ContentInput, MessageInput, Usage } from "@agentscope-runtime/protocol";

/** The part of a call or a result that says who runs the tool. */
export interface ToolOrigin {
  /**
   * Who runs it: `plugin` the agent itself (the default), `mcp` an MCP server, `function` the client that sent the
   * request. They become `plugin_call`, `mcp_call` and `function_call` messages.
   */
  readonly kind?: "plugin" | "mcp" | "function";
  /** Which MCP server; only with `mcp`. */
  readonly serverLabel?: string;
}

/** Continues the text the agent is saying. */
export interface TextDelta {
  readonly type: "text.delta";
  readonly delta: string;
}

/** Continues the agent's reasoning. */
export interface ReasoningDelta {
  readonly type: "reasoning.delta";
  readonly delta: string;
}

/** Continues a refusal: the model declines, in its own words. */
export interface RefusalDelta {
  readonly type: "refusal.delta";
  readonly delta: string;
}

/** A piece of a call's arguments as the model writes them. `tool.call` follows, with all of them. */
export interface ToolCallDelta extends ToolOrigin {
  readonly type: "tool.call.delta";
  readonly callId: string;
  readonly name: string;
  /** A piece of JSON text; may be empty. */
  readonly delta: string;
}

/** The agent calls a tool. */
export interface ToolCall extends ToolOrigin {
  readonly type: "tool.call";
  readonly callId: string;
  readonly name: string;
  /** A string is taken as JSON text; anything else is written as JSON. */
  readonly arguments: unknown;
}

/** What a tool answered. Its kind and name are those of its call. */
export interface ToolResult extends ToolOrigin {
  readonly type: "tool.result";
  readonly callId: string;
  readonly name?: string;
  /** A string is taken as it is; anything else is written as JSON. */
  readonly output: unknown;
  /** The tool failed and `output` says how. */
  readonly isError?: boolean;
  /** There is more to come: another result of this call replaces this one. */
  readonly preliminary?: boolean;
}

/** A whole part next to the text: an image, a file, audio, video, data. */
export interface ContentPart {
  readonly type: "content";
  readonly content: ContentInput;
}

/** A whole message of any type, for agents that speak to their own clients: components, cards, A2UI. */
export interface WholeMessage {
  readonly type: "message";
  readonly message: MessageInput;
}

/** Ends the message that is being said; what follows is a new one. */
export interface MessageEnd {
  readonly type: "message.end";
  /** Kept on the message that ends. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The agent asks a person before it runs a tool. */
export interface ApprovalRequest {
  readonly type: "approval.request";
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  readonly serverLabel?: string;
}

/** Tokens spent by one model call; those of a run are added up. */
export interface UsageReport {
  readonly type: "usage";
  readonly usage: Usage;
}

/**
 * Why the model stopped, when it was not because it was done: the run then ends `incomplete` with this reason
 * (`max_tokens`, `content_filter`, or the agent's own).
 */
export interface Incomplete {
  readonly type: "incomplete";
  readonly reason: string;
}

/**
 * What an agent yields. A string is a piece of text. The narrator turns it into the events of the wire; adapters turn a
 * framework's stream into this.
 */
export type AgentOutput =
  | string
  | TextDelta
  | ReasoningDelta
  | RefusalDelta
  | ToolCallDelta
  | ToolCall
  | ToolResult
  | ContentPart
  | WholeMessage
  | MessageEnd
  | ApprovalRequest
  | UsageReport
  | Incomplete;
