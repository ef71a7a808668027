import { createLangGraphHandler, toLangChainTools } from "@agentscope-runtime/adapter-langgraph";
import type { AgentOutput } from "@agentscope-runtime/core";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent } from "langchain";
import { instructions, maxSteps } from "./researcher.ts";
import type { Provider, Research } from "./researcher.ts";

/** LangGraph.js: the agent of LangChain is its graph, our session history what came before. */
export function langGraphResearcher({ baseUrl, apiKey, model }: Provider): Research {
  const chatModel = new ChatOpenAI({ model, apiKey, configuration: { baseURL: baseUrl }, streaming: true });
  return async function* (request, context, tools): AsyncGenerator<AgentOutput> {
    const agent = createAgent({ model: chatModel, tools: toLangChainTools(tools), systemPrompt: instructions });
    const handler = createLangGraphHandler(agent, { config: () => ({ recursionLimit: 2 * maxSteps + 1 }) });
    yield* handler(request, context);
  };
}
