import { AgentApp } from "@agentscope-runtime/core";
import type { AppServices, Logger } from "@agentscope-runtime/core";
import { assistantAgent } from "./assistant-agent.ts";
import type { AssistantOptions } from "./assistant-agent.ts";
import { chatPageRoute } from "./chat-page.ts";

export interface AssistantAppOptions extends AssistantOptions {
  /** The app closes them. */
  readonly services: AppServices & AsyncDisposable;
  /** Closed with the app, last first, after its services. */
  readonly resources?: readonly AsyncDisposable[];
  readonly logger?: Logger;
}

/** The whole stack, wired by hand. */
export function assistantApp({ logger, services, resources = [], ...options }: AssistantAppOptions): AgentApp {
  return new AgentApp({
    name: "assistant",
    description: "The reference assistant of AgentScope Runtime.",
    query: assistantAgent(options),
    services,
    resources: [...resources, services],
    routes: [chatPageRoute()],
    ...(logger === undefined ? {} : { logger }),
  });
}
