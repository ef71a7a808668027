// The same stream given to the runtime directly, and as each framework yields it, through its adapter.
import { fromAgentScope } from "@agentscope-runtime/adapter-agentscope";
import { fromAiSdk } from "@agentscope-runtime/adapter-ai-sdk";
import { AgentApp } from "@agentscope-runtime/core";
import type { AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import type { Order } from "../order.ts";

function tokensOf({ input }: AgentRequest): number {
  const part = input[0]?.content?.[0];
  return (JSON.parse(part?.type === "text" ? (part.text ?? "") : "") as Order).tokens; // From our own load generator.
}

async function* direct(tokens: number): AsyncGenerator<AgentOutput> {
  for (let index = 0; index < tokens; index += 1) yield { type: "text.delta", delta: "tok " };
  yield { type: "usage", usage: { input_tokens: 1, output_tokens: tokens, total_tokens: tokens + 1 } };
}

async function* aiSdk(tokens: number) {
  yield { type: "start" };
  yield { type: "start-step", warnings: [] };
  yield { type: "text-start", id: "0" };
  for (let index = 0; index < tokens; index += 1) yield { type: "text-delta", id: "0", text: "tok " };
  yield { type: "text-end", id: "0" };
  const usage = { inputTokens: 1, outputTokens: tokens, totalTokens: tokens + 1 };
  yield { type: "finish-step", usage, finishReason: "stop" };
  yield { type: "finish", finishReason: "stop", totalUsage: usage };
}

function event(type: string, more: object = {}) {
  return { id: "e", createdAt: "", replyId: "r", type, ...more };
}

async function* agentScope(tokens: number) {
  yield event("RUN_STARTED", { sessionId: "", name: "agent", role: "assistant" });
  yield event("MODEL_CALL_STARTED", { modelName: "m" });
  yield event("TEXT_BLOCK_START", { blockId: "b" });
  for (let index = 0; index < tokens; index += 1) yield event("TEXT_BLOCK_DELTA", { blockId: "b", delta: "tok " });
  yield event("TEXT_BLOCK_END", { blockId: "b" });
  yield event("MODEL_CALL_ENDED", { inputTokens: 1, outputTokens: tokens });
  yield event("RUN_FINISHED", { sessionId: "" });
}

const agents: Readonly<Record<string, QueryHandler>> = {
  direct: (request) => direct(tokensOf(request)),
  "ai-sdk": (request) => fromAiSdk(aiSdk(tokensOf(request))),
  agentscope: (request) => fromAgentScope(agentScope(tokensOf(request))),
};

const { PORT, HOST = "" } = process.env;
const { url } = await serve(new AgentApp({ agents }), { port: Number(PORT), host: HOST });
console.log(`adapters listens on ${url}`);
