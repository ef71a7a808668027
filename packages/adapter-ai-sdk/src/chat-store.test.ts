import { messageSchema } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import * as sdk7 from "ai";
import * as sdk6 from "ai-v6";
import { MockLanguageModelV3 } from "ai-v6/test";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";
import { createChatStore, toModelMessages } from "./index.ts";
import type { ChatStore, UIMessageInput } from "./index.ts";

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
type Said = string | { readonly call: string };

/** A model's reply, with the signature that some providers want back. */
function* chunksOf(said: Said) {
  const end = typeof said === "string" ? ("stop" as const) : ("tool-calls" as const);
  if (typeof said === "string") {
    yield { type: "reasoning-start" as const, id: "r", providerMetadata: { anthropic: { signature: "sig" } } };
    yield { type: "reasoning-delta" as const, id: "r", delta: "Hm." };
    yield { type: "reasoning-end" as const, id: "r" };
    yield { type: "text-start" as const, id: "t" };
    yield { type: "text-delta" as const, id: "t", delta: said };
    yield { type: "text-end" as const, id: "t" };
  } else yield { type: "tool-call" as const, toolCallId: said.call, toolName: "look", input: "{}" };
  yield { type: "finish" as const, usage, finishReason: { unified: end, raw: undefined } };
}

interface Chat {
  readonly store: ChatStore;
  readonly id: string;
}

/** A route of the SDK's guide: load, ask, save. */
type Route = (chat: Chat, message: UIMessageInput, said: readonly Said[]) => Promise<void>;

const look = { description: "Looks.", inputSchema: z.object({}), execute: () => ({ colour: "blue" }) };
let made = 0;
const generateMessageId = (): string => `answer-${(made += 1)}`;

const route7: Route = async ({ store, id }, message, said) => {
  const replies = said.values();
  const model = new MockLanguageModelV4({
    doStream: async () => ({ stream: ReadableStream.from(chunksOf(replies.next().value ?? "")) }),
  });
  const tools = { look: sdk7.tool(look) };
  const messages = await sdk7.validateUIMessages({ messages: [...(await store.loadChat(id)), message], tools });
  const { stream } = sdk7.streamText({
    model,
    tools,
    messages: await sdk7.convertToModelMessages(messages),
    stopWhen: sdk7.stepCountIs(4),
  });
  const saved = Promise.withResolvers<undefined>();
  const shown = sdk7.toUIMessageStream({
    stream,
    originalMessages: messages,
    generateMessageId,
    onEnd: async ({ messages: all }) => {
      await store.saveChat({ chatId: id, messages: all });
      saved.resolve(undefined);
    },
  });
  await Array.fromAsync(shown);
  await saved.promise;
};

const route6: Route = async ({ store, id }, message, said) => {
  const replies = said.values();
  const model = new MockLanguageModelV3({
    doStream: async () => ({ stream: ReadableStream.from(chunksOf(replies.next().value ?? "")) }),
  });
  const tools = { look: sdk6.tool(look) };
  const messages = await sdk6.validateUIMessages({ messages: [...(await store.loadChat(id)), message] });
  const result = sdk6.streamText({
    model,
    tools,
    messages: await sdk6.convertToModelMessages(messages),
    stopWhen: sdk6.stepCountIs(4),
  });
  const saved = Promise.withResolvers<undefined>();
  const shown = result.toUIMessageStream({
    originalMessages: messages,
    generateMessageId,
    onFinish: async ({ messages: all }) => {
      await store.saveChat({ chatId: id, messages: all });
      saved.resolve(undefined);
    },
  });
  await Array.fromAsync(shown);
  await saved.promise;
};

const asks = (id: string, text: string): UIMessageInput => ({
  id,
  role: "user",
  parts: [{ type: "text", text } as never],
});
const key = { userId: "ada", sessionId: "chat" };

describe.each([
  ["7", route7],
  ["6", route6],
])("chats of AI SDK %s in our session history", (_, route) => {
  it("are kept turn by turn, with calls, thoughts and signatures, each once", async () => {
    await using sessions = new InProcessSessionHistory();
    const chat = { store: createChatStore({ sessions, userId: "ada" }), id: "chat" };
    await route(chat, asks("q1", "Look."), [{ call: "c1" }, "Blue."]);
    await route(chat, asks("q2", "Again."), ["Still blue."]);
    const loaded = await chat.store.loadChat("chat");
    expect(loaded.map(({ id, role }) => [id.replace(/\d+$/, ""), role])).toEqual([
      ["q", "user"],
      ["answer-", "assistant"],
      ["q", "user"],
      ["answer-", "assistant"],
    ]);
    expect(loaded[1]?.parts).toMatchObject([
      { type: "step-start" },
      { type: "tool-look", state: "output-available", output: { colour: "blue" } },
      { type: "step-start" },
      { type: "reasoning", text: "Hm.", providerMetadata: { anthropic: { signature: "sig" } } },
      { type: "text", text: "Blue.", state: "done" },
    ]);
    const { items } = await sessions.read(key);
    expect(items.map(({ type }) => type)).toEqual([
      "message",
      "plugin_call",
      "plugin_call_output",
      "reasoning",
      "message",
      "message",
      "reasoning",
      "message",
    ]);
    // Every other door's agents read the same.
    expect(toModelMessages(items).at(-1)).toMatchObject({ role: "assistant" });
    await chat.store.saveChat({ chatId: "chat", messages: loaded });
    expect((await sessions.get(key))?.messageCount).toBe(8);
  });
});

const answer = (id: string, text: string): UIMessageInput => ({
  id,
  role: "assistant",
  parts: [{ type: "text", text } as never],
});

it("writes a chat anew where an answer was replaced, with its title and what came before", async () => {
  await using sessions = new InProcessSessionHistory();
  const store = createChatStore({ sessions, userId: "ada" });
  const older = messageSchema.parse({ id: "old", role: "user", content: [{ type: "text", text: "Long ago." }] });
  await sessions.append(key, [older]);
  await store.saveChat({ chatId: "chat", messages: [asks("q1", "Hi."), answer("a1", "Hello.")] });
  await sessions.update(key, { title: "Greetings", metadata: { colour: "red" } });
  await store.saveChat({ chatId: "chat", messages: [asks("q1", "Hi."), answer("a2", "Good day.")] });
  expect((await store.loadChat("chat")).map(({ id }) => id)).toEqual(["old", "q1", "a2"]);
  expect(await sessions.get(key)).toMatchObject({ title: "Greetings", metadata: { colour: "red" }, messageCount: 3 });
  await store.saveChat({ chatId: "chat", messages: [asks("q1", "Ho."), answer("a2", "Good day.")] });
  expect(JSON.stringify(await store.loadChat("chat"))).toContain("Ho.");
  expect((await sessions.get(key))?.messageCount).toBe(3);
});

it("appends what a call has become, when its answer comes from the client", async () => {
  await using sessions = new InProcessSessionHistory();
  const store = createChatStore({ sessions, userId: "ada", clientTools: ["ask"] });
  const chat = (state: object): UIMessageInput[] => [
    asks("q1", "Ask me."),
    { id: "a1", role: "assistant", parts: [{ type: "tool-ask", toolCallId: "c1", input: {}, ...state } as never] },
  ];
  const signed = { callProviderMetadata: { google: { thoughtSignature: "s" } } };
  await store.saveChat({ chatId: "chat", messages: chat({ state: "input-available", ...signed }) });
  await store.saveChat({ chatId: "chat", messages: chat({ state: "output-available", output: "yes", ...signed }) });
  const { items } = await sessions.read(key);
  expect(items.map(({ type }) => type)).toEqual(["message", "function_call", "function_call_output"]);
  expect((await store.loadChat("chat"))[1]?.parts).toMatchObject([
    { state: "output-available", output: "yes", ...signed },
  ]);
});

it("shows what agents served by an app have said, and long chats page by page", async () => {
  await using sessions = new InProcessSessionHistory();
  const store = createChatStore({ sessions, userId: "ada" });
  const messages = Array.from({ length: 450 }, (_, index) =>
    messageSchema.parse({ id: `m${index}`, role: "user", content: [{ type: "text", text: String(index) }] }),
  );
  await sessions.append(key, messages);
  expect((await store.loadChat("chat")).map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
  expect((await store.loadChat("chat", { limit: 250 })).map(({ id }) => id)).toEqual(
    messages.slice(200).map(({ id }) => id),
  );
});

it("keeps users apart, and knows no chat that nobody saved", async () => {
  await using sessions = new InProcessSessionHistory();
  await createChatStore({ sessions, userId: "ada" }).saveChat({ chatId: "chat", messages: [asks("q1", "Hi.")] });
  expect(await createChatStore({ sessions, userId: "bob" }).loadChat("chat")).toEqual([]);
});
