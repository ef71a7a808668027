import { createAgentScopeHandler, toAgentScopeTools } from "@agentscope-runtime/adapter-agentscope";
import type { AgentScopeAgent, AgentScopeTool } from "@agentscope-runtime/adapter-agentscope";
import type { AgentOutput } from "@agentscope-runtime/core";
import { instructions, maxSteps } from "./researcher.ts";
import type { Provider, Research } from "./researcher.ts";

/** What the researcher needs of AgentScope, which is not among our dependencies: it is not in the npm registry. */
interface AgentScope {
  readonly Agent: new (options: object) => AgentScopeAgent;
  readonly Toolkit: new (options: { readonly tools: readonly AgentScopeTool[] }) => object;
  readonly OpenAIChatModel: new (options: object) => object;
}

const name = "@agentscope-ai/agentscope";

/** AgentScope: an agent with a toolkit for each run, its context kept in our state. Undefined where it is not installed. */
export async function agentScopeResearcher({
  baseUrl,
  apiKey,
  model: modelName,
}: Provider): Promise<Research | undefined> {
  const agentScope = await loadAgentScope();
  if (agentScope === undefined) return undefined;
  const { Agent, Toolkit, OpenAIChatModel } = agentScope;
  return async function* (request, context, tools): AsyncGenerator<AgentOutput> {
    const newAgent = (): AgentScopeAgent =>
      new Agent({
        name: "researcher",
        sysPrompt: instructions,
        maxIters: maxSteps,
        model: new OpenAIChatModel({ modelName, apiKey, baseURL: baseUrl, stream: true }),
        toolkit: new Toolkit({ tools: toAgentScopeTools(tools, { signal: context.signal }) }),
      });
    yield* createAgentScopeHandler(newAgent)(request, context);
  };
}

async function loadAgentScope(): Promise<AgentScope | undefined> {
  try {
    const entries = ["agent", "tool", "model"].map(async (entry) => import(`${name}/${entry}`) as Promise<object>);
    return Object.assign({}, ...(await Promise.all(entries))) as AgentScope; // Its own exports.
  } catch (thrown) {
    const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
    if (code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw thrown;
  }
}
