// The framework is in no registry. The adapter's own tests have agents made by hand that do what it does; they are not for users, so no
// package exports them.
import { createAgentScopeHandler, toAgentScopeTools } from "@agentscope-runtime/adapter-agentscope";
import { HandMadeAgent } from "../../../../packages/adapter-agentscope/src/testing/hand-made-agent.ts";
import { scriptedModel } from "../../../../packages/adapter-agentscope/src/testing/hand-made-model.ts";
import { HandMadeToolkit } from "../../../../packages/adapter-agentscope/src/testing/hand-made-toolkit.ts";
import type { ModelTurn, PromptMessage } from "@agentscope-runtime/core/testing";
import { payerTurn } from "./payer-script.ts";
import { servePayer } from "./serve-payer.ts";

function answer(prompt: readonly PromptMessage[]): ModelTurn {
  const turn = payerTurn(prompt.map(({ role, text }) => ({ isResult: role === "tool", text })));
  if (typeof turn === "string") return [{ type: "text", deltas: [turn] }];
  return [{ type: "call", id: turn.id, name: "pay", arguments: { to: turn.to } }];
}

await servePayer((pay) =>
  createAgentScopeHandler(
    ({ signal }) =>
      new HandMadeAgent({
        name: "payer",
        sysPrompt: "Be brief.",
        model: scriptedModel({ script: { model: answer }, signal }),
        toolkit: new HandMadeToolkit({ tools: toAgentScopeTools([pay], { signal, needsApproval: () => true }) }),
      }),
  ),
);
