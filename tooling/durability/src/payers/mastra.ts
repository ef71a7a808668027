import { fromMastraAgent, toMastraStorage, toMastraTools } from "@agentscope-runtime/adapter-mastra";
import { Mastra } from "@mastra/core";
import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { sdkModel } from "./sdk-model.ts";
import { servePayer } from "./serve-payer.ts";

await servePayer((pay, services) => {
  const agent = new Agent({
    id: "payer",
    name: "Payer",
    instructions: "Be brief.",
    model: sdkModel() as unknown as MastraModelConfig, // Mastra declares what `doGenerate` returns as a stream.
    tools: toMastraTools([pay], { requireApproval: [pay.name] }),
  });
  const mastra = new Mastra({ agents: { agent }, storage: toMastraStorage(services), logger: false });
  return fromMastraAgent(mastra.getAgent("agent"), { options: () => ({ maxSteps: 8 }) });
});
