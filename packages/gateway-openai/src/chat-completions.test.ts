import { describeGateway } from "@agentscope-runtime/core/testing";
import type { GatewayAnswer, GatewayQuestion } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import OpenAI from "openai";
import { openAi } from "./index.ts";

async function ask({ url, text, stream = true, apiKey = "none", signal }: GatewayQuestion): Promise<GatewayAnswer> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
  const question = { model: "any", messages: [{ role: "user" as const, content: text }] };
  const options = signal === undefined ? {} : { signal };
  if (!stream)
    return {
      pieces: once((await client.chat.completions.create(question, options)).choices[0]?.message.content ?? ""),
    };
  const { data, response } = await client.chat.completions
    .create({ ...question, stream: true }, options)
    .withResponse();
  const runId = response.headers.get("x-run-id") ?? "";
  return {
    pieces: contents(data),
    cancel: async () => void (await fetch(`${url}/runs/${runId}/cancel`, { method: "POST" })),
  };
}

async function* contents(chunks: AsyncIterable<OpenAI.ChatCompletionChunk>): AsyncGenerator<string> {
  for await (const { choices } of chunks) {
    const content = choices[0]?.delta.content;
    if (typeof content === "string" && content !== "") yield content;
  }
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
  await Promise.resolve();
}

describeGateway("Chat Completions", {
  gateway: () => openAi(),
  serve: async (app) => serve(app, { port: 0, closeOnSignals: false, drainMs: 100 }),
  ask,
  skip: {
    "cancels a run over the protocol":
      "Chat Completions cannot cancel; hanging up does, and the run's id works at the other doors.",
  },
});
