import type { AgentOutput, QueryHandler, RunContext } from "@agentscope-runtime/core";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import type { Toolbox } from "@agentscope-runtime/tools";
import type { OpenResearchTools } from "./research-tools.ts";

/** A server that speaks OpenAI's chat completions. */
export interface Provider {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
}

/** What every researcher is told, whatever its framework. */
export const instructions = `You are a careful researcher. First say your plan in one sentence. Look things up in the library; it has more
than you know. Compute with Python instead of in your head. Answer in at most three sentences, and say what the figures are based on.`;

/** So many times a researcher may ask its model. */
export const maxSteps = 8;

/** One framework's way to answer a request, with these tools. */
export type Research = (request: AgentRequest, context: RunContext, tools: Toolbox) => AsyncIterable<AgentOutput>;

/** The same researcher, in any framework: it gets its tools for the time of a run. */
export function researcher(research: Research, openTools: OpenResearchTools): QueryHandler {
  return async function* (request, context) {
    await using opened = await openTools(context);
    yield* research(request, context, opened.tools);
  };
}
