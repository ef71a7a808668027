import type {
  AgentScopeDataBlock,
  AgentScopeJson,
  AgentScopeTextBlock,
  AgentScopeToolState,
} from "./agentscope-message.ts";

/** The framework's `ToolResponse`, with the field `stream` that it asks for and does not declare. */
export interface AgentScopeToolResponse {
  content: (AgentScopeTextBlock | AgentScopeDataBlock)[];
  id: string;
  /** ISO 8601. */
  createdAt: string;
  metadata: Record<string, AgentScopeJson>;
  state: AgentScopeToolState;
  isLast: boolean;
  isInterrupted: boolean;
  stream: boolean;
}

/** A tool as the framework's `Toolkit` takes it. */
export interface AgentScopeTool {
  name: string;
  description: string;
  inputSchema: { type: "object"; [keyword: string]: unknown };
  requireUserConfirm: boolean;
  call: (input: Record<string, unknown>) => Promise<AgentScopeToolResponse>;
}

/** What is read of a tool that was written for the framework. */
export interface AnyAgentScopeTool {
  readonly name: string;
  readonly description: string;
  /** A zod 4 object, or JSON Schema. */
  readonly inputSchema: object;
  /** Without one, the client runs it. */
  readonly call?: ((input: never) => unknown) | undefined;
  readonly requireUserConfirm?: boolean | undefined;
}
