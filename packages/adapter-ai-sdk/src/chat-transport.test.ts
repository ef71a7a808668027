import { createClient } from "@agentscope-runtime/client";
import { AgentApp } from "@agentscope-runtime/core";
import type { AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { InProcessSessionHistory, InProcessState } from "@agentscope-runtime/services";
import * as sdk7 from "ai";
import type { ChatTransport, UIMessage } from "ai";
import * as sdk6 from "ai-v6";
import { chatTransport, createChatStore, fromUIMessages } from "./index.ts";
import type { AgentChatTransport } from "./index.ts";

interface Served extends AsyncDisposable {
  readonly transport: AgentChatTransport;
  readonly sessions: InProcessSessionHistory;
  readonly cancel: (sessionId: string) => Promise<unknown>;
}

async function served(query: QueryHandler, clientTools: readonly string[] = []): Promise<Served> {
  const sessions = new InProcessSessionHistory();
  const state = new InProcessState();
  const app = new AgentApp({ query, services: { sessions, state }, stopGraceMs: 1000 });
  const server = await serve(app, { port: 0 });
  const client = createClient({ baseUrl: server.url });
  return {
    sessions,
    transport: chatTransport({ client, clientTools }),
    cancel: async (sessionId) => {
      const { items } = await client.listRuns({ sessionId });
      return client.cancel(items[0]?.id ?? "");
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      for (const service of [sessions, state]) await service[Symbol.asyncDispose]();
    },
  };
}

const asks = (text: string): UIMessage => ({ id: `q-${text}`, role: "user", parts: [{ type: "text", text }] });

interface Answer {
  readonly message: UIMessage | undefined;
  readonly errors: readonly string[];
}

/** What a chat of the SDK shows when the stream has ended, in version 7 or 6. */
async function shown(stream: unknown, message?: UIMessage, sdk: Sdk = sdk7): Promise<Answer> {
  const errors: string[] = [];
  const onError = (thrown: unknown): void => void errors.push((thrown as Error).message);
  const states = sdk.readUIMessageStream({
    stream: stream as never,
    onError,
    ...(message && { message: message as never }),
  });
  // Both versions' messages say the same here.
  const last = (await Array.fromAsync(states as AsyncIterable<UIMessage>)).at(-1);
  return { message: last, errors };
}

/** What both versions have; their own types have no signature in common. */
interface Sdk {
  readonly readUIMessageStream: (options: {
    readonly stream: never;
    readonly onError: (thrown: unknown) => void;
    readonly message?: never;
  }) => AsyncIterable<unknown>;
}

async function send(transport: AgentChatTransport, messages: UIMessage[], sdk?: Sdk): Promise<Answer> {
  const last = messages.at(-1);
  // Its type is the SDK's: the compiler says whether ours is one.
  const theirs: ChatTransport<UIMessage> & sdk6.ChatTransport<sdk6.UIMessage> = transport;
  const stream = await theirs.sendMessages({
    trigger: "submit-message",
    chatId: "chat",
    messageId: undefined,
    messages,
    abortSignal: undefined,
  });
  return shown(stream, last?.role === "assistant" ? last : undefined, sdk);
}

const told: readonly AgentOutput[] = [
  { type: "reasoning.delta", delta: "Hm" },
  { type: "reasoning.delta", delta: "." },
  "Look",
  "ing.",
  { type: "tool.call.delta", callId: "c1", name: "look", delta: '{"at":' },
  { type: "tool.call.delta", callId: "c1", name: "look", delta: `"${"sky ".repeat(40)}"}` },
  { type: "tool.call", callId: "c1", name: "look", arguments: { at: "sky ".repeat(40) } },
  { type: "tool.call", callId: "c2", name: "find", arguments: {}, kind: "mcp", serverLabel: "maps" },
  { type: "tool.result", callId: "c1", output: "so far", preliminary: true },
  { type: "tool.result", callId: "c1", output: { colour: "blue" } },
  { type: "tool.result", callId: "c2", output: "It fell.", isError: true },
  "Blue.",
  { type: "content", content: { type: "image", image_url: "https://example.com/a.png" } },
  {
    type: "content",
    content: { type: "data", data: { type: "source", source_type: "url", id: "s", url: "https://a.test/" } },
  },
  { type: "content", content: { type: "data", data: { any: 1 } } },
];

it.each<[string, Sdk]>([
  ["7", sdk7],
  ["6", sdk6],
])("a chat of AI SDK %s shows a run as the session shows it later", async (_version, sdk) => {
  await using app = await served(async function* () {
    yield* told;
  });
  const { message, errors } = await send(app.transport, [asks("hi")], sdk);
  expect(errors).toEqual([]);
  const loaded = (await createChatStore({ sessions: app.sessions, userId: "chat" }).loadChat("chat"))[1] ?? {
    id: "",
    parts: [],
  };
  expect(message?.id).toBe(loaded.id);
  const plain = (parts: readonly object[]): unknown[] =>
    parts.map((part) => {
      const { state, id: _, providerMetadata: _p, callProviderMetadata: _c, ...rest } = part as Record<string, unknown>;
      return { ...rest, ...(typeof rest["toolCallId"] === "string" && { state }) };
    });
  expect(JSON.parse(JSON.stringify(plain(message?.parts ?? [])))).toEqual(plain(loaded.parts));
  expect(loaded.parts.map(({ type }) => type)).toEqual([
    "step-start",
    "reasoning",
    "text",
    "tool-look",
    "dynamic-tool",
    "step-start",
    "text",
    "file",
    "source-url",
    "data-json",
  ]);
});

it("sends only what is new: the session has the rest", async () => {
  const inputs: unknown[] = [];
  await using app = await served(async function* ({ input }, { session }) {
    inputs.push([input.length, (await session.history()).items.length]);
    yield "Yes.";
  });
  const first = await send(app.transport, [asks("one")]);
  await send(app.transport, [asks("one"), first.message ?? asks(""), asks("two")]);
  expect(inputs).toEqual([
    [1, 0],
    [1, 2],
  ]);
});

it("goes on in the same message with a person's decision", async () => {
  const seen: unknown[] = [];
  await using app = await served(async function* ({ input }, { isApproved }) {
    if (!input.some(({ type }) => type === "mcp_approval_response")) {
      yield { type: "tool.call", callId: "c1", name: "pay", arguments: { to: "bob" } };
      yield { type: "approval.request", id: "a1", name: "pay", arguments: { to: "bob" } };
      return;
    }
    seen.push(isApproved("pay", { to: "bob" }));
    yield { type: "tool.result", callId: "c1", output: "paid" };
    yield "It is paid.";
  });
  const { message } = await send(app.transport, [asks("Pay bob.")]);
  expect(message?.parts.at(-1)).toMatchObject({
    type: "tool-pay",
    state: "approval-requested",
    approval: { id: "a1" },
  });
  const decided = {
    ...message,
    parts: message?.parts.map((part) =>
      "approval" in part ? { ...part, state: "approval-responded", approval: { id: "a1", approved: true } } : part,
    ),
  } as UIMessage;
  const { message: after, errors } = await send(app.transport, [asks("Pay bob."), decided]);
  expect(errors).toEqual([]);
  expect(after?.id).toBe(message?.id);
  expect(after?.parts.map((part) => ("state" in part ? `${part.type} ${part.state}` : part.type))).toEqual([
    "step-start",
    "tool-pay output-available",
    "step-start",
    "text done",
  ]);
  expect(seen).toEqual([true]);
});

it("shows a call that a person has refused as denied", async () => {
  await using app = await served(async function* ({ input }) {
    if (!input.some(({ type }) => type === "mcp_approval_response")) {
      yield { type: "tool.call", callId: "c1", name: "pay", arguments: {} };
      yield { type: "approval.request", id: "a1", name: "pay", arguments: {} };
      return;
    }
    yield { type: "tool.result", callId: "c1", output: "The call was denied.", isError: true };
    yield "I did not pay.";
  });
  const { message } = await send(app.transport, [asks("Pay bob.")]);
  const parts = message?.parts.map((part) =>
    "approval" in part ? { ...part, state: "approval-responded", approval: { id: "a1", approved: false } } : part,
  );
  const { message: after } = await send(app.transport, [asks("Pay bob."), { ...message, parts } as UIMessage]);
  expect(after?.parts[1]).toMatchObject({ type: "tool-pay", state: "output-denied", approval: { approved: false } });
  expect(await sdk7.validateUIMessages({ messages: [after] })).toHaveLength(1);
});

it("sends what the browser's tools have answered", async () => {
  const inputs: string[][] = [];
  await using app = await served(
    async function* ({ input }) {
      inputs.push(input.map(({ type }) => type));
      if (inputs.length === 1) yield { type: "tool.call", callId: "c1", name: "ask", arguments: {}, kind: "function" };
      else yield "Thanks.";
    },
    ["ask"],
  );
  const { message } = await send(app.transport, [asks("Ask me.")]);
  const parts = message?.parts.map((part) =>
    part.type === "tool-ask" ? { ...part, state: "output-available", output: "yes" } : part,
  );
  const after = await send(app.transport, [asks("Ask me."), { ...message, parts } as UIMessage]);
  expect(inputs).toEqual([["message"], ["function_call_output"]]);
  expect(JSON.stringify(after.message)).toContain("Thanks.");
});

it("tells failures, limits and cancels", async () => {
  await using app = await served(async function* ({ input }) {
    const text = JSON.stringify(input);
    yield "Well, ";
    if (text.includes("fail")) throw new Error("password is hunter2");
    if (text.includes("limit")) yield { type: "incomplete", reason: "max_tokens" };
  });
  const failed = await send(app.transport, [asks("fail")]);
  expect(failed.errors).toHaveLength(1);
  expect(failed.errors[0]).not.toContain("hunter2");
  const chunks = await Array.fromAsync(
    await app.transport.sendMessages({ trigger: "submit-message", chatId: "chat", messages: fromText("limit") }),
  );
  expect(chunks.at(-1)).toEqual({ type: "finish", finishReason: "length" });
  await expect(
    app.transport.sendMessages({ trigger: "regenerate-message", chatId: "chat", messages: fromText("x") }),
  ).rejects.toMatchObject({ code: "unimplemented" });
});

const fromText = (text: string) => [asks(text)];

it("finds the run that is under way, replays it whole, and finds none after it", async () => {
  const begun = Promise.withResolvers<undefined>();
  const goOn = Promise.withResolvers<undefined>();
  await using app = await served(async function* () {
    yield "Once ";
    begun.resolve(undefined);
    await goOn.promise;
    yield "upon a time.";
  });
  const first = await app.transport.sendMessages({
    trigger: "submit-message",
    chatId: "chat",
    messages: fromText("Tell."),
  });
  const reading = Array.fromAsync(first);
  await begun.promise;
  const again = await app.transport.reconnectToStream({ chatId: "chat" });
  goOn.resolve(undefined);
  expect(again && (await Array.fromAsync(again))).toEqual(await reading);
  expect(await app.transport.reconnectToStream({ chatId: "chat" })).toBeNull();
  expect(await app.transport.reconnectToStream({ chatId: "another" })).toBeNull();
});

it("stops the run when the chat is stopped", async () => {
  const stopped = Promise.withResolvers<undefined>();
  await using app = await served(async function* (_, { signal }) {
    yield "Well, ";
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve);
    });
    stopped.resolve(undefined);
  });
  const stop = new AbortController();
  const messages = fromText("hi");
  const stream = await app.transport.sendMessages({
    trigger: "submit-message",
    chatId: "chat",
    messages,
    abortSignal: stop.signal,
  });
  const reader = stream.getReader();
  while ((await reader.read()).value?.type !== "text-delta");
  stop.abort();
  await stopped.promise;
  await expect(reader.read()).rejects.toMatchObject({ name: "AbortError" });
});

it("makes ours again of what a chat shows", async () => {
  await using app = await served(async function* () {
    yield* told;
  });
  const { message } = await send(app.transport, [asks("hi")]);
  expect(fromUIMessages([message ?? asks("")]).map(({ type }) => type)).toEqual([
    "reasoning",
    "message",
    "plugin_call",
    "mcp_call",
    "plugin_call_output",
    "mcp_call_output",
    "message",
  ]);
});
