import { setTimeout as sleep } from "node:timers/promises";
import type { AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { orderFrom } from "./order.ts";
import type { Order } from "./order.ts";

/** A wait that is no longer ends soon enough by itself: to listen for an abort would cost more than the rest of the agent. */
const shortMs = 100;

/** An agent without a model: does exactly what its order says, and says back, word by word, what is no order. */
export const workloadAgent: QueryHandler = (request, { signal }) => {
  const text = request.input
    .flatMap((message) => message.content ?? [])
    .map((content) => (content.type === "text" ? (content.text ?? "") : ""))
    .join("");
  const order = orderFrom(text);
  return order === undefined ? echo(text) : fill(order, signal);
};

function* echo(text: string): Iterable<AgentOutput> {
  for (const word of text.match(/\S+\s*/g) ?? []) yield word;
}

async function* fill(order: Order, signal: AbortSignal): AsyncIterable<AgentOutput> {
  const { tokens, intervalMs, toolCalls, reasoning, failAfter, text } = order;
  for (let index = 0; index < reasoning; index += 1) yield { type: "reasoning.delta", delta: text };
  for (let index = 0; index < toolCalls; index += 1) {
    const callId = `call_${index}`;
    yield { type: "tool.call", callId, name: "work", arguments: { index } };
    yield { type: "tool.result", callId, output: `done ${index}` };
  }
  for (let index = 0; index < tokens; index += 1) {
    if (index === failAfter) throw new Error("The order said to fail here.");
    if (intervalMs > 0) await sleep(intervalMs, undefined, intervalMs > shortMs ? { signal } : {});
    yield text;
  }
  if (failAfter !== null && failAfter >= tokens) throw new Error("The order said to fail here.");
  yield { type: "usage", usage: { input_tokens: 1, output_tokens: tokens + reasoning } };
}
