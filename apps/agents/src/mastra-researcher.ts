import { fromMastraAgent, toMastraTools } from "@agentscope-runtime/adapter-mastra";
import type { AgentOutput } from "@agentscope-runtime/core";
import { Agent } from "@mastra/core/agent";
import { instructions, maxSteps } from "./researcher.ts";
import type { Provider, Research } from "./researcher.ts";

/** Mastra: an agent for each run, which is given the session's newest messages. */
export function mastraResearcher({ baseUrl, apiKey, model }: Provider): Research {
  return async function* (request, context, tools): AsyncGenerator<AgentOutput> {
    const agent = new Agent({
      id: "researcher",
      name: "researcher",
      instructions,
      model: { id: `provider/${model}`, url: baseUrl, apiKey },
      tools: toMastraTools(tools),
    });
    const handler = fromMastraAgent(agent, { options: () => ({ maxSteps }) });
    yield* handler(request, context);
  };
}
