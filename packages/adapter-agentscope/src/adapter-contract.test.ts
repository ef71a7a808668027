import type { RunContext } from "@agentscope-runtime/core";
import { describeAdapter } from "@agentscope-runtime/core/testing";
import type { AdapterSubject, AgentScript, ScriptServices } from "@agentscope-runtime/core/testing";
import { defineTool } from "@agentscope-runtime/tools";
import { z } from "zod";
import type { AnyAgentScopeTool } from "./agentscope-tool.ts";
import {
  createAgentScopeHandler,
  createAgentScopeStorage,
  fromAgentScopeMessages,
  toAgentScopeMessages,
  toAgentScopeTools,
} from "./index.ts";
import { HandMadeAgent } from "./testing/hand-made-agent.ts";
import { scriptedModel } from "./testing/hand-made-model.ts";
import { HandMadeToolkit } from "./testing/hand-made-toolkit.ts";

function toolsOf({ tools = [], helper }: AgentScript, signal: AbortSignal): AnyAgentScopeTool[] {
  const needingApproval = new Set(tools.filter(({ needsApproval }) => needsApproval).map(({ name }) => name));
  const own = tools.map(({ name, description, run }) =>
    defineTool({ name, description, input: z.looseObject({}), run: async (input, options) => run(input, options) }),
  );
  const asTheirs = toAgentScopeTools(own, { signal, needsApproval: ({ name }) => needingApproval.has(name) });
  return helper === undefined ? asTheirs : [...asTheirs, agentTool(helper, signal)];
}

/** The framework's own way for one agent to use another: a tool that runs it, and yields what it says. */
function agentTool({ name, model }: NonNullable<AgentScript["helper"]>, signal: AbortSignal): AnyAgentScopeTool {
  return {
    name,
    description: `Hands the work to ${name}.`,
    inputSchema: { type: "object" },
    call: async function* () {
      const helper = new HandMadeAgent({
        name,
        sysPrompt: "Help.",
        model: scriptedModel({ script: { model }, signal }),
      });
      for await (const event of helper.replyStream({})) {
        if (event.type === "TEXT_BLOCK_DELTA") yield String(event["delta"]);
      }
    },
  };
}

function agentOf(script: AgentScript, { signal, session }: RunContext, services?: ScriptServices): HandMadeAgent {
  const { userId, id: sessionId } = session;
  return new HandMadeAgent({
    name: "friday",
    sysPrompt: "Be brief.",
    model: scriptedModel({ script, signal }),
    toolkit: new HandMadeToolkit({ tools: toolsOf(script, signal) }),
    ...(services && { storage: createAgentScopeStorage({ state: services.state, userId, sessionId }) }),
  });
}

const subject: AdapterSubject = {
  agent: (script) => createAgentScopeHandler((context) => agentOf(script, context)),
  roundTrip: (messages) => fromAgentScopeMessages(toAgentScopeMessages(messages)),
  skip: {
    "says that an answer has been cut off at the model's limit":
      "AgentScope's models do not say why they stopped: neither their answers nor the events have a field for it",
    "carries a file by id there and back": "AgentScope's data blocks hold an address or bytes, and no provider's ids",
  },
};

describeAdapter("agents of AgentScope", subject);

describeAdapter("agents of AgentScope with a storage", {
  ...subject,
  agent: (script, services) => createAgentScopeHandler((context) => agentOf(script, context, services)),
});
