import { AgentApp } from "@agentscope-runtime/core";
import { a2aGateway } from "@agentscope-runtime/gateway-a2a";
import { agentCoreGateway } from "@agentscope-runtime/gateway-agentcore";
import { agUiGateway } from "@agentscope-runtime/gateway-agui";
import { mcpGateway } from "@agentscope-runtime/gateway-mcp";
import { openAi } from "@agentscope-runtime/gateway-openai";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { doorsPageRoute } from "./doors-page.ts";
import { manyDoorsAgent } from "./many-doors-agent.ts";

/** One agent behind every door there is. */
export function manyDoorsApp(): AgentApp {
  const sessions = new InProcessSessionHistory();
  return new AgentApp({
    name: "many-doors",
    description: "Counts, calls your functions, and says back what you say.",
    query: manyDoorsAgent,
    services: { sessions },
    gateways: [openAi(), a2aGateway(), agUiGateway(), mcpGateway(), agentCoreGateway()],
    routes: [doorsPageRoute()],
    resources: [sessions],
  });
}
