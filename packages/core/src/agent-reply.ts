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

/** The outputs of a reply, whatever its kind. The handler runs when the first of them is asked for. */
export async function* outputsOf(reply: () => AgentReply): AsyncGenerator<AgentOutput, void, undefined> {
  const value = await reply();
  if (value === undefined) return;
  // A string is iterable too, by characters.
  if (typeof value === "string") yield value;
  else if (Symbol.asyncIterator in value || Symbol.iterator in value) yield* value;
  else yield value;
}
