import type { AgentOutput } from "./agent-output.ts";

/**
 * What a query handler may return: outputs as they come (an async generator, or any iterable), one output, nothing, or a
 * promise of one of these.
 */
export type AgentReply =
  | AsyncIterable<AgentOutput>
  | Iterable<AgentOutput>
  | AgentOutput
  | undefined
  | Promise<AsyncIterable<AgentOutput> | Iterable<AgentOutput> | AgentOutput | undefined>;
