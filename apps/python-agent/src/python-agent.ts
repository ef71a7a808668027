import { fileURLToPath } from "node:url";
import { AgentApp, fromProcess } from "@agentscope-runtime/core";
import type { Logger, ProcessCommand } from "@agentscope-runtime/core";
import { InProcessSessionHistory } from "@agentscope-runtime/services";

const script = fileURLToPath(new URL("../agent.py", import.meta.url));

export interface PythonAgentOptions {
  /** The Python that runs the agent, and its own arguments. */
  readonly python: ProcessCommand;
  readonly env: Readonly<Record<string, string>>;
  readonly logger?: Logger;
}

/** Serves an agent of AgentScope for Python: one process for each request, which is sent the conversation so far. */
export function pythonAgent({ python, env, logger }: PythonAgentOptions): AgentApp {
  const sessions = new InProcessSessionHistory();
  return new AgentApp({
    query: fromProcess([...python, script], { env }),
    services: { sessions },
    resources: [sessions],
    ...(logger && { logger }),
  });
}
