import { describeAdapter } from "@agentscope-runtime/core/testing";
import type { AdapterSubject, AgentScript } from "@agentscope-runtime/core/testing";
import { defineTool } from "@agentscope-runtime/tools";
import { Agent, handoff, Runner, RunState } from "@openai/agents";
import { z } from "zod";
import { createOpenAIAgentsHandler, fromAgentInputItems, toAgentInputItems, toOpenAIAgentsTools } from "./index.ts";
import { ScriptModel } from "./testing/script-model.ts";

const runner = new Runner({ tracingDisabled: true });

function toolsOf({ tools = [] }: AgentScript) {
  const asking = new Set(tools.filter(({ needsApproval }) => needsApproval).map(({ name }) => name));
  const own = tools.map(({ name, description, run }) =>
    defineTool({ name, description, input: z.looseObject({}), run: async (input, options) => run(input, options) }),
  );
  return toOpenAIAgentsTools(own, { needsApproval: ({ name }) => asking.has(name) });
}

function subjectOf(agentOf: (script: AgentScript) => Agent): AdapterSubject {
  return {
    agent: (script) =>
      createOpenAIAgentsHandler(({ signal }) => {
        const agent = agentOf(script);
        return {
          restore: async (text) => RunState.fromString(agent, text),
          run: async (input) => runner.run(agent, input, { stream: true, signal }),
        };
      }),
    // As it would travel through a store of the SDK's and back.
    roundTrip: (messages) => fromAgentInputItems(JSON.parse(JSON.stringify(toAgentInputItems(messages))) as object[]),
  };
}

describeAdapter(
  "agents of the OpenAI Agents SDK, with handoffs",
  subjectOf((script) => {
    const { helper } = script;
    const poet = helper && new Agent({ name: helper.name, model: new ScriptModel(helper) });
    return new Agent({
      name: "friday",
      instructions: "Be brief.",
      model: new ScriptModel(script),
      tools: toolsOf(script),
      handoffs: poet === undefined ? [] : [handoff(poet, { toolNameOverride: poet.name })],
    });
  }),
);

describeAdapter(
  "agents of the OpenAI Agents SDK, with agents as tools",
  subjectOf((script) => {
    const { helper } = script;
    const poet = helper && new Agent({ name: helper.name, model: new ScriptModel(helper) });
    const asTool = { toolDescription: "Writes poems.", parameters: z.object({}) };
    const asTools = poet === undefined ? [] : [poet.asTool({ toolName: poet.name, ...asTool })];
    return new Agent({
      name: "friday",
      instructions: "Be brief.",
      model: new ScriptModel(script),
      tools: [...toolsOf(script), ...asTools],
    });
  }),
);
