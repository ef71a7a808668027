import type { RunContext } from "@agentscope-runtime/core";
import type { StreamingHandler } from "@agentscope-runtime/core/adapter";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import { AgentLocks } from "./agent-locks.ts";
import { AgentRun } from "./agent-run.ts";
import type { AgentScopeAgent } from "./agentscope-agent.ts";

/** Makes the agent of one run. Called again for each, so it may build tools and a model with the run's signal. */
export type AgentScopeFactory = (
  context: RunContext,
  request: AgentRequest,
) => AgentScopeAgent | Promise<AgentScopeAgent>;

export interface AgentScopeHandlerOptions {
  /** So many messages of the session's history begin the context of an agent that has no state yet. Default 50, at the most 1,000. */
  readonly historyLimit?: number;
  /** So many memories of the user that match a message are shown to the model with it, and not kept. Default 0. */
  readonly recallLimit?: number;
}

/**
 * Serves agents of AgentScope for TypeScript: a query handler around `agent.replyStream`, with what the framework leaves open.
 *
 * - The agent's context is kept in the app's `state`, by session, unless the agent has a `storage` of its own. It is written before each
 *   tool, at a pause and at the end, so that a crash does not lose what was done; a call whose end is not known is told to the
 *   model as interrupted and not run again.
 * - A tool that `requireUserConfirm` asks for an approval, one without `call` is a `function_call` for the client. Their answers
 *   are checked against what the agent has asked. Whoever sends a message instead has refused them.
 * - A run that is stopped ends the waits for the model and the tools at once, keeps what was said, and answers open calls.
 *
 * An agent answers one request at a time, since the framework allows no more: give a function that makes one for each run. A
 * single agent works too, for one request after the other.
 *
 * @example
 * ```ts
 * const app = new AgentApp({
 *   services: { sessions, state },
 *   query: createAgentScopeHandler(() => new Agent({ name: "friday", sysPrompt: "Be brief.", model, toolkit })),
 * });
 * ```
 */
export function createAgentScopeHandler(
  agent: AgentScopeAgent | AgentScopeFactory,
  options: AgentScopeHandlerOptions = {},
): StreamingHandler {
  const locks = new AgentLocks();
  return (request, context) => AgentRun.outputs(agent, { request, context, options, locks });
}
