import { createOpenAIAgentsHandler, toOpenAIAgentsTools } from "@agentscope-runtime/adapter-openai-agents";
import { Agent, Runner, RunState } from "@openai/agents";
import type { AgentInputItem } from "@openai/agents";
import { assistantMessage, functionCall, modelResponder, ScriptedModel } from "@openai/agents/testing";
import type { RecordedModelCall } from "@openai/agents/testing";
import { payerTurn } from "./payer-script.ts";
import type { ShownMessage } from "./payer-script.ts";
import { servePayer } from "./serve-payer.ts";

function answer({ request: { input } }: RecordedModelCall) {
  const turn = payerTurn(typeof input === "string" ? [] : input.map(toShown));
  if (typeof turn === "string") return [assistantMessage(turn)];
  return [functionCall("pay", { to: turn.to }, { callId: turn.id })];
}

function toShown(item: AgentInputItem): ShownMessage {
  if (item.type === "function_call_result") return { isResult: true, text: JSON.stringify(item.output) };
  const content = "content" in item ? item.content : undefined;
  if (typeof content === "string") return { isResult: false, text: content };
  return { isResult: false, text: (content ?? []).map((part) => ("text" in part ? part.text : "")).join("") };
}

const runner = new Runner({ tracingDisabled: true });

await servePayer((pay) =>
  createOpenAIAgentsHandler(({ signal }) => {
    const agent = new Agent({
      name: "payer",
      model: new ScriptedModel(Array.from({ length: 8 }, () => modelResponder(answer))),
      tools: toOpenAIAgentsTools([pay], { needsApproval: () => true }),
    });
    return {
      restore: async (text) => RunState.fromString(agent, text),
      run: async (input) => runner.run(agent, input, { stream: true, signal }),
    };
  }),
);
