import { AgentApp } from "@agentscope-runtime/core";
import { callHandler, eventsOf } from "@agentscope-runtime/core/testing";
import { InProcessMemory } from "@agentscope-runtime/services";
import * as sdk7 from "ai";
import * as sdk6 from "ai-v6";
import { MockLanguageModelV3 } from "ai-v6/test";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";
import { fromAiSdk, memoryMiddleware, toModelMessages } from "./index.ts";
import type { AiSdkResult, MemoryMiddlewareOptions, ModelMessage } from "./index.ts";

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** Looks once, and then says that it is done. */
function* chunks(calls: number) {
  if (calls === 1) yield { type: "tool-call" as const, toolCallId: "c1", toolName: "look", input: "{}" };
  else {
    yield { type: "text-start" as const, id: "t" };
    yield { type: "text-delta" as const, id: "t", delta: "Done." };
    yield { type: "text-end" as const, id: "t" };
  }
  const unified = calls === 1 ? ("tool-calls" as const) : ("stop" as const);
  yield { type: "finish" as const, usage, finishReason: { unified, raw: undefined } };
}

interface Told {
  readonly prompts: unknown[];
}

type Ask = (told: Told, options: MemoryMiddlewareOptions, messages: ModelMessage[]) => AiSdkResult;

const look = { description: "Looks.", inputSchema: z.object({}), execute: () => "blue" };

const ask7: Ask = ({ prompts }, options, messages) => {
  const model = new MockLanguageModelV4({
    doStream: async ({ prompt }) => ({ stream: ReadableStream.from(chunks(prompts.push(prompt))) }),
  });
  const remembering = sdk7.wrapLanguageModel({ model, middleware: memoryMiddleware(options) });
  const tools = { look: sdk7.tool(look) };
  return sdk7.streamText({
    model: remembering,
    tools,
    messages,
    stopWhen: sdk7.stepCountIs(3),
    onError: () => undefined,
  });
};

const ask6: Ask = ({ prompts }, options, messages) => {
  const model = new MockLanguageModelV3({
    doStream: async ({ prompt }) => ({ stream: ReadableStream.from(chunks(prompts.push(prompt))) }),
  });
  const remembering = sdk6.wrapLanguageModel({ model, middleware: memoryMiddleware(options) });
  const tools = { look: sdk6.tool(look) };
  return sdk6.streamText({
    model: remembering,
    tools,
    messages,
    stopWhen: sdk6.stepCountIs(3),
    onError: () => undefined,
  });
};

describe.each([
  ["7", ask7],
  ["6", ask6],
])("memories for models of AI SDK %s", (_, ask) => {
  it("stand before what the user says, in every step; what the user says is remembered once", async () => {
    await using memory = new InProcessMemory();
    await memory.add({ userId: "ada" }, [{ text: "Ada likes tea." }, { text: "Ada has a cat." }]);
    await memory.add({ userId: "bob" }, [{ text: "Bob likes tea." }]);
    const told: Told = { prompts: [] };
    await using app = new AgentApp({
      services: { memory },
      query: ({ input }, context) =>
        fromAiSdk(ask(told, { memory: context.memory, remember: true }, toModelMessages(input))),
    });
    await app.start();
    const input = [{ role: "user", content: [{ type: "text", text: "Bring me tea." }] }];
    const body = { user_id: "ada", session_id: "s", input };
    await Array.fromAsync(eventsOf(await callHandler(app.handle, { path: "/process", body })));
    const words = [
      { type: "text", text: "What is remembered about the user:\n- Ada likes tea." },
      { type: "text", text: "Bring me tea." },
    ];
    expect(told.prompts).toHaveLength(2);
    for (const prompt of told.prompts as object[][]) expect(prompt[0]).toMatchObject({ role: "user", content: words });
    const { items } = await memory.list({ userId: "ada" });
    expect(items.map(({ text }) => text)).toEqual(["Bring me tea.", "Ada has a cat.", "Ada likes tea."]);
  });

  it("are left out where nothing fits, and nothing is remembered unless that is asked for", async () => {
    await using memory = new InProcessMemory();
    const scoped: MemoryMiddlewareOptions["memory"] = {
      search: async (query, options) => memory.search({ userId: "ada" }, query, options),
      add: async (memories) => void (await memory.add({ userId: "ada" }, memories)),
    };
    const told: Told = { prompts: [] };
    const messages: ModelMessage[] = [{ role: "user", content: [{ type: "text", text: "Bring me tea." }] }];
    await Array.fromAsync(fromAiSdk(ask(told, { memory: scoped }, messages)));
    expect(told.prompts[0]).toMatchObject([{ role: "user", content: [{ type: "text", text: "Bring me tea." }] }]);
    expect((await memory.list({ userId: "ada" })).items).toEqual([]);
  });
});

it("a memory that is away is an error that says so, and no answer without it", async () => {
  const memory = new InProcessMemory();
  await memory[Symbol.asyncDispose]();
  const scoped: MemoryMiddlewareOptions["memory"] = {
    search: async (query, options) => memory.search({ userId: "ada" }, query, options),
    add: async () => undefined,
  };
  const messages: ModelMessage[] = [{ role: "user", content: [{ type: "text", text: "Bring me tea." }] }];
  const answer = Array.fromAsync(fromAiSdk(ask7({ prompts: [] }, { memory: scoped }, messages)));
  await expect(answer).rejects.toMatchObject({ code: "unavailable" });
});
