import { AgentApp } from "@agentscope-runtime/core";
import type { AppServices, Logger, QueryHandler } from "@agentscope-runtime/core";
import { InProcessMemory, InProcessSessionHistory, InProcessState } from "@agentscope-runtime/services";
import type { SandboxService } from "@agentscope-runtime/sandbox";
import { agentScopeResearcher } from "./agentscope-researcher.ts";
import { aiSdkResearcher } from "./ai-sdk-researcher.ts";
import { langGraphResearcher } from "./langgraph-researcher.ts";
import { mastraResearcher } from "./mastra-researcher.ts";
import { openAIAgentsResearcher } from "./openai-agents-researcher.ts";
import { researchTools } from "./research-tools.ts";
import { researcher } from "./researcher.ts";
import type { Provider } from "./researcher.ts";

export interface AgentsAppOptions {
  readonly provider: Provider;
  readonly sandboxes: SandboxService;
  /** Closed with the app, last first. */
  readonly resources?: readonly AsyncDisposable[];
  readonly logger: Logger;
}

export interface AgentsApp {
  readonly app: AgentApp;
  /** Of the agents, the first one is who answers where a request names none. */
  readonly names: readonly string[];
}

/** The same researcher in each framework, behind one port: `POST /agents/:name/process`. */
export async function agentsApp({ provider, sandboxes, resources = [], logger }: AgentsAppOptions): Promise<AgentsApp> {
  const services = {
    sessions: new InProcessSessionHistory(),
    memory: new InProcessMemory(),
    state: new InProcessState(),
  } satisfies AppServices;
  const openTools = researchTools(sandboxes);
  const agentScope = await agentScopeResearcher(provider);
  const agents: Record<string, QueryHandler> = {
    "ai-sdk": researcher(aiSdkResearcher(provider), openTools),
    langgraph: researcher(langGraphResearcher(provider), openTools),
    "openai-agents": researcher(openAIAgentsResearcher(provider), openTools),
    mastra: researcher(mastraResearcher(provider), openTools),
    ...(agentScope && { agentscope: researcher(agentScope, openTools) }),
  };
  const app = new AgentApp({
    name: "researchers",
    description: "One researcher, in each framework that the runtime has an adapter for.",
    agents,
    services,
    resources: [...resources, ...Object.values(services)],
    logger,
  });
  return { app, names: Object.keys(agents) };
}
