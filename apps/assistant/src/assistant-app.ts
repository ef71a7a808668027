import { AgentApp } from "@agentscope-runtime/core";
import type { Logger } from "@agentscope-runtime/core";
import { InProcessMemory, InProcessSessionHistory } from "@agentscope-runtime/services";
import { assistantAgent } from "./assistant-agent.ts";
import type { AssistantOptions } from "./assistant-agent.ts";
import { chatPageRoute } from "./chat-page.ts";

export interface AssistantAppOptions extends AssistantOptions {
  readonly logger?: Logger;
}

/** The whole stack, wired by hand. */
export function assistantApp({ logger, ...options }: AssistantAppOptions): AgentApp {
  const sessions = new InProcessSessionHistory();
  const memory = new InProcessMemory();
  return new AgentApp({
    name: "assistant",
    description: "The reference assistant of AgentScope Runtime.",
    query: assistantAgent(options),
    services: { sessions, memory },
    resources: [sessions, memory],
    routes: [chatPageRoute()],
    ...(logger === undefined ? {} : { logger }),
  });
}
