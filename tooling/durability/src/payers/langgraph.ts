import { createLangGraphHandler, StateCheckpointSaver, toLangChainTools } from "@agentscope-runtime/adapter-langgraph";
import { AIMessage } from "@langchain/core/messages";
import type { BaseMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { createAgent, humanInTheLoopMiddleware } from "langchain";
import { payerTurn } from "./payer-script.ts";
import { servePayer } from "./serve-payer.ts";

function answer(messages: readonly BaseMessage[]): AIMessage {
  const turn = payerTurn(messages.map(({ type, text }) => ({ isResult: type === "tool", text })));
  if (typeof turn === "string") return new AIMessage(turn);
  return new AIMessage({ content: "", tool_calls: [{ id: turn.id, name: "pay", args: { to: turn.to } }] });
}

/** Its types do not fit themselves under `exactOptionalPropertyTypes`. */
const askFor = humanInTheLoopMiddleware as (options: object) => never;

await servePayer((pay, { state }) => {
  const model = fakeModel();
  for (let call = 0; call < 8; call += 1) model.respond(answer);
  return createLangGraphHandler(
    createAgent({
      model,
      tools: toLangChainTools([pay]),
      middleware: [askFor({ interruptOn: { [pay.name]: true } })],
      checkpointer: new StateCheckpointSaver({ state }),
    }),
  );
});
