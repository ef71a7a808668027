import { createOpenAIAgentsHandler, toOpenAIAgentsTools } from "@agentscope-runtime/adapter-openai-agents";
import type { AgentOutput } from "@agentscope-runtime/core";
import { Agent, OpenAIChatCompletionsModel, Runner, RunState } from "@openai/agents";
import { OpenAI } from "openai";
import { instructions, maxSteps } from "./researcher.ts";
import type { Provider, Research } from "./researcher.ts";

/** The OpenAI Agents SDK: an agent for each run, its state kept where it can be restored. */
export function openAIAgentsResearcher({ baseUrl, apiKey, model }: Provider): Research {
  const client = new OpenAI({ baseURL: baseUrl, apiKey });
  const runner = new Runner({ tracingDisabled: true });
  return async function* (request, context, tools): AsyncGenerator<AgentOutput> {
    const agent = new Agent({
      name: "researcher",
      instructions,
      model: new OpenAIChatCompletionsModel(client, model),
      tools: toOpenAIAgentsTools(tools),
    });
    const handler = createOpenAIAgentsHandler(({ signal }) => ({
      restore: async (text) => RunState.fromString(agent, text),
      run: async (input) => runner.run(agent, input, { stream: true, signal, maxTurns: maxSteps }),
    }));
    yield* handler(request, context);
  };
}
