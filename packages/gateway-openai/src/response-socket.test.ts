import { once } from "node:events";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions, AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { describeGateway } from "@agentscope-runtime/core/testing";
import type { GatewayAnswer, GatewayQuestion } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import type { AgentRequest, Message } from "@agentscope-runtime/protocol";
import { InProcessRunLog, InProcessSessionHistory } from "@agentscope-runtime/services";
import { eventually } from "@agentscope-runtime/services/testing";
import OpenAI from "openai";
import { ResponsesWS } from "openai/resources/responses/ws";
import type { ResponsesClientEvent, ResponsesServerEvent } from "openai/resources/responses/responses";
import { openAi } from "./index.ts";

type Create = Omit<ResponsesClientEvent.ResponseCreate, "type">;

/** The socket of OpenAI's own client, one response at a time. */
class Conversation implements Disposable {
  readonly socket: ResponsesWS;
  readonly #events: AsyncIterator<unknown>;

  constructor(url: string, { apiKey = "none" }: { readonly apiKey?: string } = {}) {
    this.socket = new ResponsesWS(new OpenAI({ baseURL: `${url}/v1`, apiKey }));
    this.#events = this.socket.stream();
    // The client throws errors that nobody listens to.
    this.socket.on("error", () => undefined);
  }

  send(create: Create): void {
    this.socket.send({ type: "response.create", ...create });
  }

  /** The next event of the server. Throws when the socket closes or cannot be opened. */
  async next(): Promise<ResponsesServerEvent> {
    for (;;) {
      const { value, done } = (await this.#events.next()) as IteratorResult<
        | { readonly type: "message"; readonly message: ResponsesServerEvent }
        | { readonly type: "close"; readonly code: number; readonly reason: string }
        | { readonly type: "error"; readonly error: Error & { readonly error?: ResponsesServerEvent } }
        | { readonly type: "open" }
      >;
      if (done === true) throw new Error("The socket is closed.");
      if (value.type === "message") return value.message;
      if (value.type === "close") throw Object.assign(new Error(value.reason), { code: value.code });
      if (value.type !== "error") continue;
      // The server's own errors are events; the others are those of the connection.
      if (value.error.error === undefined) throw value.error;
      return value.error.error;
    }
  }

  /** Asks, and reads until the response or the refusal. */
  async ask(create: Create): Promise<ResponsesServerEvent[]> {
    this.send(create);
    const events: ResponsesServerEvent[] = [];
    for (;;) {
      const event = await this.next();
      events.push(event);
      if (isLast(event)) return events;
    }
  }

  async answer(create: Create): Promise<OpenAI.Responses.Response> {
    const last = (await this.ask(create)).at(-1);
    if (last?.type !== "response.completed") throw new Error(JSON.stringify(last));
    return last.response;
  }

  async refusal(create: Create): Promise<unknown> {
    const events = await this.ask(create);
    expect(events).toHaveLength(1);
    return events[0];
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

function isLast({ type }: ResponsesServerEvent): boolean {
  return ["response.completed", "response.failed", "response.incomplete", "error"].includes(type);
}

function textOf({ output }: OpenAI.Responses.Response): string {
  return output
    .flatMap((item) => (item.type === "message" ? item.content : []))
    .map((part) => (part.type === "output_text" ? part.text : ""))
    .join("");
}

async function ask({ url, text, stream = true, apiKey = "none", signal }: GatewayQuestion): Promise<GatewayAnswer> {
  const conversation = new Conversation(url, { apiKey });
  signal?.addEventListener("abort", () => {
    conversation.socket.socket.close(4000, "gone");
  });
  conversation.send({ model: "m", input: text, store: true });
  const first = await firstOf(conversation);
  const runId = first.type === "response.created" ? first.response.id : "";
  const pieces = piecesOf(conversation);
  const { responses } = new OpenAI({ baseURL: `${url}/v1`, apiKey });
  return {
    pieces: stream ? pieces : inOne(pieces),
    cancel: async () => void (await responses.cancel(runId)),
  };
}

async function firstOf(conversation: Conversation): Promise<ResponsesServerEvent> {
  try {
    const event = await conversation.next();
    if (event.type !== "error") return event;
    const { status, error } = event as { readonly status?: number; readonly error?: { readonly message: string } };
    throw Object.assign(new Error(error?.message), { status });
  } catch (thrown) {
    const { message } = thrown as Error;
    const [, refused] = /Unexpected server response: (\d+)/.exec(message) ?? [];
    // A message that is too large has a close code of its own.
    const status =
      (thrown as { code?: unknown }).code === 1009 ? 413 : refused === undefined ? undefined : Number(refused);
    throw status === undefined ? thrown : Object.assign(new Error(message), { status });
  }
}

async function* piecesOf(conversation: Conversation): AsyncGenerator<string> {
  using closing = conversation;
  for (;;) {
    const event = await closing.next();
    if (event.type === "response.output_text.delta") yield event.delta;
    if (event.type === "response.failed") throw new Error(event.response.error?.message);
    if (event.type === "error") throw new Error("The response failed.");
    if (isLast(event)) return;
  }
}

async function* inOne(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  yield (await Array.fromAsync(pieces)).join("");
}

describeGateway("Responses on a WebSocket", {
  gateway: () => openAi(),
  serve: async (app) => serve(app, { port: 0, closeOnSignals: false, drainMs: 100 }),
  ask,
});

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly AgentRequest[];
  /** The texts that the agent was told, by request. */
  told(): readonly string[];
  runs(): Promise<number>;
}

/** Remembers what it was asked, and answers with the last text of it unless it is given something to say. */
async function serving(
  say: readonly AgentOutput[] | QueryHandler | undefined,
  options: Partial<AgentAppOptions> = {},
): Promise<Served> {
  const requests: AgentRequest[] = [];
  const query: QueryHandler = (request, context) => {
    requests.push(request);
    if (typeof say === "function") return say(request, context);
    return say ?? textsIn(request).at(-1) ?? "nothing";
  };
  const runLog = new InProcessRunLog();
  const app = new AgentApp({ query, gateways: [openAi()], stopGraceMs: 50, ...options });
  const server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  return {
    url: server.url,
    requests,
    told: () => requests.map((request) => textsIn(request).join("|")),
    runs: async () => ((await (await fetch(`${server.url}/runs`)).json()) as { data: unknown[] }).data.length,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await runLog[Symbol.asyncDispose]();
    },
  };
}

function textsIn({ input }: { readonly input: readonly Message[] }): string[] {
  return input
    .flatMap(({ content }) => content ?? [])
    .flatMap((part) => (part.type === "text" ? [part.text ?? ""] : []));
}

const notFound = {
  type: "error",
  status: 404,
  error: { code: "previous_response_not_found", param: "previous_response_id", type: "invalid_request_error" },
};
const weather = { type: "tool.call", callId: "call_1", name: "weather", arguments: {}, kind: "function" } as const;

describe("A socket for responses", () => {
  it("answers with the events of a stream, without [DONE], and one response after the other", async () => {
    await using server = await serving(["one ", "two"]);
    using conversation = new Conversation(server.url);
    const messages: string[] = [];
    conversation.socket.socket.on("message", (data) => messages.push(String(data)));
    for (const input of ["hi", "there"]) {
      const events = await conversation.ask({ model: "m", input });
      expect(events.map(({ type }) => type)).toEqual([
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
      ]);
      expect(events.map((event) => "sequence_number" in event && event.sequence_number)).toEqual([...events.keys()]);
    }
    expect(messages.every((message) => message.startsWith("{"))).toBe(true);
    conversation.send({ model: "m", input: "three" });
    conversation.send({ model: "m", input: "four" });
    const both: string[] = [];
    while (both.length < 2) {
      const event = await conversation.next();
      if (event.type === "response.completed") both.push(event.response.id);
    }
    expect(new Set(both).size).toBe(2);
  });

  it("has the other path too", async () => {
    await using server = await serving(undefined);
    using conversation = new Conversation(`${server.url}/compatible-mode`);
    expect(textOf(await conversation.answer({ input: "hi" }))).toBe("hi");
  });

  it.each([false, true])("continues what is not stored, on itself only; with sessions: %s", async (keepsSessions) => {
    const sessions = new InProcessSessionHistory();
    const heard: string[] = [];
    await using server = await serving(
      async (request, { session }) => {
        if (keepsSessions) heard.push(textsIn({ input: (await session.history()).items }).join("|"));
        return `re: ${textsIn(request).at(-1)}`;
      },
      keepsSessions ? { services: { sessions }, resources: [sessions] } : {},
    );
    let id = "";
    {
      using conversation = new Conversation(server.url);
      ({ id } = await conversation.answer({ input: "one", store: false }));
      ({ id } = await conversation.answer({ input: "two", store: false, previous_response_id: id }));
      ({ id } = await conversation.answer({ input: "three", store: false, previous_response_id: id }));
      if (keepsSessions) expect(heard).toEqual(["", "one|re: one", "one|re: one|two|re: two"]);
      else expect(server.told()).toEqual(["one", "one|re: one|two", "one|re: one|two|re: two|three"]);
      using other = new Conversation(server.url);
      expect(await other.refusal({ input: "four", store: false, previous_response_id: id })).toMatchObject(notFound);
      const { responses } = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none" });
      await expect(responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
      expect(textOf(await other.answer({ input: "five", store: false }))).toBe("re: five");
    }
    await eventually(async () => (await server.runs()) === 0);
    const kept = server.requests.map(({ session_id, user_id }) => ({
      userId: String(user_id),
      sessionId: String(session_id),
    }));
    expect(kept).toHaveLength(4);
    for (const key of kept) await eventually(async () => (await sessions.get(key)) === undefined);
  });

  it("keeps the last response only", async () => {
    await using server = await serving(undefined);
    using conversation = new Conversation(server.url);
    const first = await conversation.answer({ input: "one", store: false });
    await conversation.answer({ input: "two", store: false });
    const refused = { input: "three", store: false, previous_response_id: first.id };
    expect(await conversation.refusal(refused)).toMatchObject(notFound);
    await eventually(async () => (await server.runs()) === 1);
  });

  it("continues what is stored from any socket, and by HTTP", async () => {
    await using server = await serving(undefined);
    let id = "";
    {
      using conversation = new Conversation(server.url);
      ({ id } = await conversation.answer({ input: "one" }));
    }
    using conversation = new Conversation(server.url);
    const second = await conversation.answer({ input: "two", previous_response_id: id });
    const { responses } = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none" });
    await responses.create({ input: "three", previous_response_id: second.id });
    expect(server.told()).toEqual(["one", "one|one|two", "one|one|two|two|three"]);
    // From what is stored to what is not, and back.
    const third = await conversation.answer({ input: "3", store: false, previous_response_id: second.id });
    const fourth = await conversation.answer({ input: "4", previous_response_id: third.id });
    expect(server.told().at(-1)).toBe("one|one|two|two|3|3|4");
    expect(await responses.retrieve(fourth.id)).toMatchObject({ previous_response_id: third.id, output_text: "4" });
  });

  it("forgets what a response has failed to continue", async () => {
    await using server = await serving(undefined);
    using conversation = new Conversation(server.url);
    const { id } = await conversation.answer({ input: "one", store: false });
    const output = [{ type: "function_call_output" as const, call_id: "call_nobody", output: "cold" }];
    const refused = await conversation.refusal({ input: output, store: false, previous_response_id: id });
    expect(refused).toMatchObject({ type: "error", status: 400, error: { param: "input" } });
    const again = { input: "two", store: false, previous_response_id: id };
    expect(await conversation.refusal(again)).toMatchObject(notFound);
    await eventually(async () => (await server.runs()) === 0);
  });

  it("leaves the last response alone when something else is refused", async () => {
    await using server = await serving(undefined);
    using conversation = new Conversation(server.url);
    const { id } = await conversation.answer({ input: "one", store: false });
    conversation.socket.sendRaw("not JSON");
    expect(await conversation.next()).toMatchObject({ type: "error", status: 400 });
    expect(await conversation.refusal({ input: "x", previous_response_id: "resp_nobody" })).toMatchObject(notFound);
    expect(textOf(await conversation.answer({ input: "two", store: false, previous_response_id: id }))).toBe("two");
  });

  it("takes the answer of a function that the client runs", async () => {
    await using server = await serving(({ input }) =>
      input.at(-1)?.type === "function_call_output" ? "It is cold." : [weather],
    );
    using conversation = new Conversation(server.url);
    const { id, output } = await conversation.answer({ input: "Weather?", store: false });
    expect(output).toMatchObject([{ type: "function_call", call_id: "call_1" }]);
    const answered = await conversation.answer({
      input: [{ type: "function_call_output", call_id: "call_1", output: "cold" }],
      store: false,
      previous_response_id: id,
    });
    expect(textOf(answered)).toBe("It is cold.");
    expect(server.requests[1]?.input.map(({ type }) => type)).toEqual([
      "message",
      "function_call",
      "function_call_output",
    ]);
  });

  it("prepares a response without an agent", async () => {
    await using server = await serving(undefined);
    using conversation = new Conversation(server.url);
    const prepared = await conversation.answer({ input: "remember", generate: false });
    expect(prepared).toMatchObject({ status: "completed", output: [] });
    expect(server.requests).toHaveLength(0);
    await conversation.answer({ input: "this", previous_response_id: prepared.id });
    expect(server.told()).toEqual(["remember|this"]);
    expect(server.requests[0]).not.toHaveProperty("generate");
  });

  it("repeats the lane of a request on its events", async () => {
    await using server = await serving(undefined);
    using conversation = new Conversation(server.url);
    const events = await conversation.ask({ input: "hi", stream_id: "left" });
    expect(events.map((event) => "stream_id" in event && event.stream_id)).toEqual(events.map(() => "left"));
    expect(await conversation.refusal({ model: "m", stream_id: "right" })).toMatchObject({
      status: 400,
      stream_id: "right",
    });
  });

  it("steers no response, and says so", async () => {
    await using server = await serving(undefined);
    using conversation = new Conversation(server.url);
    conversation.socket.send({ type: "response.steer", input: "left!", previous_response_id: "resp_1" });
    expect(await conversation.next()).toMatchObject({
      type: "response.steer.failed",
      steer: { input: "left!", previous_response_id: "resp_1" },
      error: { code: "steering_not_supported" },
    });
  });

  it.each<[string, Create, object]>([
    ["a background response", { input: "hi", background: true }, { param: "background" }],
    ["nothing to answer", { model: "m" }, { param: "input" }],
    ["a wrong type", { input: "hi", temperature: "hot" as unknown as number }, { param: "temperature" }],
    ["a foreign compaction", { input: [{ type: "compaction", encrypted_content: "x" }] }, { param: "input" }],
  ])("refuses %s, and goes on", async (_what, create, error) => {
    await using server = await serving(undefined);
    using conversation = new Conversation(server.url);
    expect(await conversation.refusal(create)).toMatchObject({ type: "error", status: 400, error });
    expect(textOf(await conversation.answer({ input: "still there" }))).toBe("still there");
  });

  it("tells a failed run as a failed response, and goes on", async () => {
    let count = 0;
    await using server = await serving(() => {
      count += 1;
      if (count === 1) throw new Error("password is hunter2");
      return "fine";
    });
    using conversation = new Conversation(server.url);
    const last = (await conversation.ask({ input: "hi", store: false })).at(-1);
    expect(last).toMatchObject({ type: "response.failed", response: { status: "failed" } });
    expect(JSON.stringify(last)).not.toContain("hunter2");
    expect(textOf(await conversation.answer({ input: "hi", store: false }))).toBe("fine");
    await eventually(async () => (await server.runs()) === 1);
  });

  it("is refused without authentication, in OpenAI's words", async () => {
    await using server = await serving(undefined, { authenticate: apiKeys({ ada: { userId: "ada" } }) });
    using stranger = new Conversation(server.url);
    await expect(stranger.ask({ input: "hi" })).rejects.toThrow("401");
    using ada = new Conversation(server.url, { apiKey: "ada" });
    const { id } = await ada.answer({ input: "secret" });
    expect(server.requests[0]).toMatchObject({ input: [{ role: "user" }] });
    expect(textOf(await ada.answer({ input: "more", previous_response_id: id }))).toBe("more");
  });

  it("ends the response under way with its reason when the server closes", async () => {
    const begun = Promise.withResolvers<undefined>();
    const server = await serving(async function* (_request, { signal }) {
      yield "half";
      begun.resolve(undefined);
      await once(signal, "abort");
    });
    using conversation = new Conversation(server.url);
    const asked = conversation.ask({ input: "hi" });
    await begun.promise;
    await server[Symbol.asyncDispose]();
    expect((await asked).at(-1)).toMatchObject({
      type: "response.incomplete",
      response: { incomplete_details: { reason: "shutdown" } },
    });
  });
});
