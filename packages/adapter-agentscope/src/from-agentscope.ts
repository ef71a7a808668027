import { readOutputs } from "@agentscope-runtime/core";
import type { AgentOutput } from "@agentscope-runtime/core";
import { fromModelError } from "@agentscope-runtime/core/adapter";
import type { AgentScopeEvent } from "./agentscope-event.ts";
import { EventReader } from "./event-reader.ts";

/** What `agent.replyStream` returns, or several of them merged. */
export type AgentScopeStream = AsyncIterable<{ readonly type: string }>;

export interface FromAgentScopeOptions {
  /**
   * Whether nobody but the client runs this tool, one without `call`. Its calls become `function_call`; the events tell that too
   * late. Default: none. With an agent: `(name) => agent.toolkit.requireExternalExecution(name)`.
   */
  readonly isExternal?: (toolName: string) => boolean;
  /** Names of calls of earlier runs by their id; the event of a call that was refused has none. */
  readonly callNames?: ReadonlyMap<string, string>;
}

/**
 * Turns the events of an AgentScope agent into what a `queryHandler` yields, in their order.
 *
 * A result is told when the next thing begins, since the framework ends it once per piece; one that comes in pieces is told as
 * `preliminary` while it grows. A call that the framework never told, for it had no arguments, is told before its result. A pause
 * is an `approval.request` for each call, or `function_call`s. Unknown events are passed over.
 *
 * Throws a RuntimeError without the provider's words, as `fromModelError` says.
 *
 * Leaving the loop early returns the agent's generator, which stops neither the model nor a tool; `createAgentScopeHandler` does.
 */
export function fromAgentScope(
  stream: AgentScopeStream,
  options: FromAgentScopeOptions = {},
): AsyncGenerator<AgentOutput> {
  // The framework's word: an event with one of our types has our fields. Events of other types fall through the reader.
  const events = stream as AsyncIterable<AgentScopeEvent>;
  return readOutputs(events, new EventReader(options), { toError: fromModelError });
}
