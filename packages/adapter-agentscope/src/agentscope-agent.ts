import type { AnyAgentScopeMessage } from "./agentscope-message.ts";

/**
 * The parts of the framework's `Agent` that are used. Methods and not functions, so that an agent with narrower parameters is
 * one, and what is in its messages is only read.
 */
export interface AgentScopeAgent {
  readonly name: string;
  readonly storage?: unknown;
  context: AnyAgentScopeMessage[];
  replyId: string;
  curIter: number;
  curSummary: string;
  confirmedToolCallIds: string[];
  model: AgentScopeModel;
  toolkit: AgentScopeToolkit;
  replyStream(options?: { msgs?: unknown; event?: unknown }): AsyncGenerator<{ readonly type: string }, unknown>;
  loadState(): Promise<void>;
  saveState(): Promise<void>;
}

export interface AgentScopeModel {
  call(options: never): Promise<unknown>;
}

export interface AgentScopeToolkit {
  callToolFunction(toolCall: never): AsyncGenerator<unknown, unknown>;
  requireExternalExecution(name: string): boolean;
}
