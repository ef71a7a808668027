import { messageSchema } from "@agentscope-runtime/protocol";
import { stepCountIs, streamText, tool } from "ai-v6";
import type { TextStreamPart, ToolSet } from "ai-v6";
import { MockLanguageModelV3, simulateReadableStream } from "ai-v6/test";
import { z } from "zod";
import type { AiSdkPart } from "./ai-sdk-part.ts";
import { fromAiSdk } from "./from-ai-sdk.ts";
import { toModelMessages } from "./to-model-messages.ts";

type ModelStream = Awaited<ReturnType<MockLanguageModelV3["doStream"]>>["stream"];
type ModelPart = ModelStream extends ReadableStream<infer Part> ? Part : never;

const usage = {
  inputTokens: { total: 10, noCache: 6, cacheRead: 4, cacheWrite: 0 },
  outputTokens: { total: 5, text: 2, reasoning: 3 },
};

function streamOf(...parts: ModelPart[]): ModelStream {
  const chunks: ModelPart[] = [{ type: "stream-start", warnings: [] }, ...parts];
  return simulateReadableStream({ chunks, initialDelayInMs: null, chunkDelayInMs: null });
}

function finish(unified: "stop" | "tool-calls"): ModelPart {
  return { type: "finish", usage, finishReason: { unified, raw: undefined } };
}

/** A part as AI SDK 6 declares it; the compiler checks that we can read it. */
function known(part: Extract<TextStreamPart<ToolSet>, { type: AiSdkPart["type"] }>): AiSdkPart {
  return part;
}

async function* startedTwice() {
  // AI SDK 6 counts the blocks of each step anew.
  yield known({ type: "text-delta", id: "0", text: "One." });
  yield { type: "finish-step", usage: { cachedInputTokens: 2, reasoningTokens: 1 } };
  yield known({ type: "text-delta", id: "0", text: "Two." });
}

it("serves a loop of steps of AI SDK 6, with our messages as its history", async () => {
  const model = new MockLanguageModelV3({
    doStream: [
      {
        stream: streamOf(
          { type: "tool-input-start", id: "c1", toolName: "weather" },
          { type: "tool-input-delta", id: "c1", delta: "{}" },
          { type: "tool-input-end", id: "c1" },
          { type: "tool-call", toolCallId: "c1", toolName: "weather", input: "{}" },
          finish("tool-calls"),
        ),
      },
      {
        stream: streamOf(
          { type: "text-start", id: "0" },
          { type: "text-delta", id: "0", delta: "Warm." },
          { type: "text-end", id: "0" },
          finish("stop"),
        ),
      },
    ],
  });
  const weather = tool({ inputSchema: z.object({}), execute: async () => 21 });
  const history = [
    { role: "user", content: [{ type: "image", image_url: "data:image/png;base64,QUJD" }] },
    { type: "plugin_call", content: [{ type: "data", data: { call_id: "c0", name: "weather", arguments: "{}" } }] },
  ].map((message) => messageSchema.parse(message));
  const result = streamText({
    model,
    messages: toModelMessages(history),
    tools: { weather },
    stopWhen: stepCountIs(2),
    onError: () => undefined,
  });
  const origin = { callId: "c1", name: "weather", kind: "plugin" };
  const spent = {
    type: "usage",
    usage: {
      input_tokens: 10,
      output_tokens: 5,
      total_tokens: 15,
      cached_input_tokens: 4,
      cache_write_tokens: 0,
      reasoning_tokens: 3,
    },
  };
  expect(await Array.fromAsync(fromAiSdk(result))).toEqual([
    { type: "tool.call.delta", ...origin, delta: "" },
    { type: "tool.call.delta", ...origin, delta: "{}" },
    { type: "tool.call", ...origin, arguments: {} },
    { type: "tool.result", ...origin, output: 21 },
    spent,
    { type: "text.delta", delta: "Warm." },
    spent,
  ]);
  expect(model.doStreamCalls[0]?.prompt).toMatchObject([
    { role: "user", content: [{ type: "file", mediaType: "image/png", data: "QUJD" }] },
    { role: "assistant", content: [{ type: "tool-call", toolCallId: "c0" }] },
    { role: "tool", content: [{ type: "tool-result", output: { type: "error-text" } }] },
  ]);
});

it("makes two messages of two steps, and reads the flat counts", async () => {
  expect(await Array.fromAsync(fromAiSdk(startedTwice()))).toEqual([
    { type: "text.delta", delta: "One." },
    { type: "usage", usage: { cached_input_tokens: 2, reasoning_tokens: 1 } },
    { type: "message.end" },
    { type: "text.delta", delta: "Two." },
  ]);
});
