import { callTool } from "@agentscope-runtime/tools";
import type { ToolResult } from "@agentscope-runtime/tools";
import { ToolLoopAgent } from "ai";
import { ToolLoopAgent as ToolLoopAgent6 } from "ai-v6";
import { MockLanguageModelV3 } from "ai-v6/test";
import { MockLanguageModelV4 } from "ai/test";
import { agentTool } from "./index.ts";
import type { AiSdkAgent } from "./index.ts";

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const said = (reason: "stop" | "length") => [
  { type: "text-start" as const, id: "0" },
  { type: "text-delta" as const, id: "0", delta: "Roses " },
  { type: "text-delta" as const, id: "0", delta: "are red." },
  { type: "text-end" as const, id: "0" },
  { type: "finish" as const, usage, finishReason: { unified: reason, raw: undefined } },
];

function poet7(reason: "stop" | "length" = "stop"): { agent: AiSdkAgent; asked: () => unknown } {
  const model = new MockLanguageModelV4({ doStream: async () => ({ stream: ReadableStream.from(said(reason)) }) });
  return { agent: new ToolLoopAgent({ model }), asked: () => model.doStreamCalls[0]?.prompt };
}

function poet6(): { agent: AiSdkAgent; asked: () => unknown } {
  const model = new MockLanguageModelV3({ doStream: async () => ({ stream: ReadableStream.from(said("stop")) }) });
  return { agent: new ToolLoopAgent6({ model }), asked: () => model.doStreamCalls[0]?.prompt };
}

const named = { name: "poet", description: "Writes poems." };

it.each([
  ["7", poet7],
  ["6", poet6],
])("an agent of AI SDK %s is a tool: it gets a task, and answers with what it says, as it says it", async (_, poet) => {
  const { agent, asked } = poet();
  const updates: ToolResult[] = [];
  const onUpdate = (result: ToolResult): void => void updates.push(result);
  const result = await callTool(agentTool(agent, named), { task: "A poem." }, { onUpdate });
  expect(result).toEqual({ content: [{ type: "text", text: "Roses are red." }], isError: false });
  expect(updates.map(({ content }) => content)).toEqual([
    [{ type: "text", text: "Roses " }],
    [{ type: "text", text: "Roses are red." }],
  ]);
  expect(asked()).toMatchObject([{ role: "user", content: [{ type: "text", text: "A poem." }] }]);
});

it("an agent that was cut off is a failure, since half an answer misleads", async () => {
  const result = await callTool(agentTool(poet7("length").agent, named), { task: "A poem." });
  expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("max_tokens") as string }] });
});

it("an agent without a task is told what is missing", async () => {
  expect(await callTool(agentTool(poet7().agent, named), {})).toMatchObject({ isError: true });
});

it("an abort reaches the agent's model", async () => {
  const stop = new AbortController();
  const stopped = Promise.withResolvers<undefined>();
  const model = new MockLanguageModelV4({
    doStream: async ({ abortSignal }) => {
      abortSignal?.addEventListener("abort", () => {
        stopped.resolve(undefined);
      });
      stop.abort();
      abortSignal?.throwIfAborted();
      throw new Error("It was not aborted.");
    },
  });
  const tool = agentTool(new ToolLoopAgent({ model }), named);
  await expect(callTool(tool, { task: "A poem." }, { signal: stop.signal })).rejects.toMatchObject({
    name: "AbortError",
  });
  await stopped.promise;
});
