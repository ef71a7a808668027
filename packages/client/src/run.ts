import type { AgentResponse, Run } from "@agentscope-runtime/protocol";

export interface RunWithResponse extends Run {
  /** What the run ended with; null until then. */
  readonly response: AgentResponse | null;
}
