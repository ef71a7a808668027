// The same stream given to the runtime directly, and as each framework yields it, through its adapter.
import { fromAgentScope } from "@agentscope-runtime/adapter-agentscope";
import { fromAiSdk } from "@agentscope-runtime/adapter-ai-sdk";
import { fromLangGraph } from "@agentscope-runtime/adapter-langgraph";
import { fromMastra } from "@agentscope-runtime/adapter-mastra";
import { fromOpenAIAgents } from "@agentscope-runtime/adapter-openai-agents";
import { AgentApp } from "@agentscope-runtime/core";
import type { AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import { AIMessageChunk } from "@langchain/core/messages";
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

/** Made once: what a message costs is the framework's. */
const chunk = new AIMessageChunk({ content: "tok ", id: "m" });
const lastChunk = Object.assign(new AIMessageChunk({ content: "", id: "m" }), {
  usage_metadata: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
});
const metadata = { langgraph_node: "model", langgraph_step: 1, checkpoint_ns: "" };

async function* langGraph(tokens: number) {
  for (let index = 0; index < tokens; index += 1) yield ["messages", [chunk, metadata]];
  yield ["messages", [lastChunk, metadata]];
}

function raw(data: object) {
  return { type: "raw_model_stream_event", data };
}

function nothing(): void {
  // Nobody asks for it here.
}

function openAIAgents(tokens: number) {
  const usage = { inputTokens: 1, outputTokens: tokens, totalTokens: tokens + 1 };
  return {
    async *[Symbol.asyncIterator]() {
      yield raw({ type: "response_started" });
      for (let index = 0; index < tokens; index += 1) yield raw({ type: "output_text_delta", delta: "tok " });
      yield raw({ type: "response_done", response: { usage } });
    },
    state: {
      usage,
      getInterruptions: () => [],
      approve: nothing,
      reject: nothing,
      addInput: nothing,
      toString: () => "",
    },
    interruptions: [],
    cancelled: false,
    completed: Promise.resolve(),
  };
}

async function* mastra(tokens: number) {
  const about = { runId: "r", from: "AGENT" };
  yield { type: "start", payload: {}, ...about };
  yield { type: "step-start", payload: {}, ...about };
  yield { type: "text-start", payload: { id: "0" }, ...about };
  for (let index = 0; index < tokens; index += 1)
    yield { type: "text-delta", payload: { id: "0", text: "tok " }, ...about };
  yield { type: "text-end", payload: { id: "0" }, ...about };
  const usage = { inputTokens: 1, outputTokens: tokens, totalTokens: tokens + 1 };
  const payload = { output: { usage }, stepResult: { reason: "stop" }, metadata: {} };
  yield { type: "step-finish", payload, ...about };
  yield { type: "finish", payload, ...about };
}

const agents: Readonly<Record<string, QueryHandler>> = {
  direct: (request) => direct(tokensOf(request)),
  "ai-sdk": (request) => fromAiSdk(aiSdk(tokensOf(request))),
  langgraph: (request) => fromLangGraph(langGraph(tokensOf(request))),
  "openai-agents": (request) => fromOpenAIAgents(openAIAgents(tokensOf(request))),
  mastra: (request) => fromMastra(mastra(tokensOf(request))),
  agentscope: (request) => fromAgentScope(agentScope(tokensOf(request))),
};

const { PORT, HOST = "" } = process.env;
const { url } = await serve(new AgentApp({ agents }), { port: Number(PORT), host: HOST });
console.log(`adapters listens on ${url}`);
