import { describeAdapter } from "@agentscope-runtime/core/testing";
import type { AgentScript } from "@agentscope-runtime/core/testing";
import { defineTool } from "@agentscope-runtime/tools";
import { HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { createAgent, humanInTheLoopMiddleware } from "langchain";
import { z } from "zod";
import { fromLangChainMessages } from "./from-lang-chain-messages.ts";
import { StateCheckpointSaver } from "./state-checkpoint-saver.ts";
import { ScriptModel } from "./testing/script-model.ts";
import { toLangChainMessages } from "./to-lang-chain-messages.ts";
import { toLangChainTools } from "./to-lang-chain-tools.ts";
import { createLangGraphHandler } from "./lang-graph-handler.ts";

/** Its types do not fit themselves under `exactOptionalPropertyTypes`. */
const askFor = humanInTheLoopMiddleware as (options: object) => never;

/** LangChain hands work to another agent through a tool that asks it. */
function helperTool({ name, model }: NonNullable<AgentScript["helper"]>) {
  const helper = createAgent({ model: new ScriptModel({ model }), tools: [] });
  return tool(
    async ({ task = "" }) => {
      const { messages } = await helper.invoke({ messages: [new HumanMessage(task)] });
      return messages.at(-1)?.text ?? "";
    },
    { name, description: "Another agent.", schema: z.object({ task: z.string().optional() }) },
  );
}

describeAdapter("agents of LangChain's createAgent", {
  agent: (script, { state }) => {
    const tools = (script.tools ?? []).map(({ name, description, run }) =>
      defineTool({ name, description, input: z.looseObject({}), run: async (input, options) => run(input, options) }),
    );
    const asking = (script.tools ?? []).filter(({ needsApproval }) => needsApproval === true);
    const interruptOn = Object.fromEntries(asking.map(({ name }) => [name, true]));
    const agent = createAgent({
      model: new ScriptModel(script),
      tools: [...toLangChainTools(tools), ...(script.helper === undefined ? [] : [helperTool(script.helper)])],
      middleware: [askFor({ interruptOn })],
      checkpointer: new StateCheckpointSaver({ state }),
    });
    return createLangGraphHandler(agent);
  },
  roundTrip: (messages) => fromLangChainMessages(toLangChainMessages(messages)),
});
