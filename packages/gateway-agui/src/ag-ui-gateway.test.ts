import { EventType, HttpAgent, runHttpRequest, transformHttpEventStream } from "@ag-ui/client";
import type { Event, Message, RunAgentInput } from "@ag-ui/client";
import { EventSchema } from "@ag-ui/core/schemas";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { eventually } from "@agentscope-runtime/services/testing";
import { agUiEvent, agUiGateway } from "./index.ts";

/** The official client, with the one method that it leaves to its users. */
class ThreadAgent extends HttpAgent {
  protected override connect(input: RunAgentInput): ReturnType<HttpAgent["run"]> {
    return transformHttpEventStream(
      runHttpRequest(async () => this.fetch(`${this.url}/connect`, this.requestInit(input))),
    );
  }
}

async function open(query: QueryHandler, options: Partial<AgentAppOptions> = {}) {
  const sessions = new InProcessSessionHistory();
  const app = new AgentApp({
    query,
    gateways: [agUiGateway()],
    services: { sessions },
    resources: [sessions],
    stopGraceMs: 50,
    ...options,
  });
  return serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
}

function agentOf(url: string, options: Partial<ConstructorParameters<typeof HttpAgent>[0]> = {}): ThreadAgent {
  return new ThreadAgent({ url: `${url}/ag-ui`, threadId: "tea", ...options });
}

/** Everything that the client was told, as it verified it. */
function recorded(agent: HttpAgent): Event[] {
  const events: Event[] = [];
  agent.subscribe({
    onEvent: ({ event }) => {
      EventSchema.parse(event);
      events.push(event as Event); // It just was.
    },
  });
  return events;
}

function user(content: string, id: string = crypto.randomUUID()): Message {
  return { id, role: "user", content };
}

function types(events: readonly Event[]): string[] {
  return events.map(({ type }) => type);
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

/** An agent that keeps what it was asked. */
function listening(answer: QueryHandler = () => "ok"): {
  readonly query: QueryHandler;
  readonly asked: AgentRequest[];
} {
  const asked: AgentRequest[] = [];
  return {
    asked,
    query: (request, context) => {
      asked.push(request);
      return answer(request, context);
    },
  };
}

/** What a run was asked, in short. */
function inShort({ input }: AgentRequest): unknown[] {
  return input.map(({ type, role, content }) => {
    const [part] = content ?? [];
    return type === "message" && part?.type === "text"
      ? `${role}: ${part.text}`
      : [type, part?.type === "data" && part.data];
  });
}

describe("a run", () => {
  it("tells reasoning, text, tool calls, steps, state and custom events each in their own events", async () => {
    await using app = await open(function* () {
      yield agUiEvent({ type: "STEP_STARTED", stepName: "think" });
      yield { type: "reasoning.delta", delta: "hm" };
      yield "Let me ";
      yield agUiEvent({ type: "STATE_SNAPSHOT", snapshot: { plan: [] } });
      yield "look.";
      yield agUiEvent({ type: "STATE_DELTA", delta: [{ op: "add", path: "/plan/-", value: "look" }] });
      yield agUiEvent({ type: "STEP_FINISHED", stepName: "think" });
      yield { type: "tool.call", callId: "c1", name: "look", arguments: { at: "sky" } };
      yield { type: "tool.result", callId: "c1", output: "blue" };
      yield agUiEvent({ type: "CUSTOM", name: "example.colour", value: "blue" });
      yield { type: "usage", usage: { input_tokens: 3, output_tokens: 4, cached_input_tokens: 1 } };
      yield "It is blue.";
    });
    const agent = agentOf(app.url, { initialMessages: [user("Which colour?")] });
    const events = recorded(agent);
    const { newMessages } = await agent.runAgent({ runId: "run-1" });
    expect(types(events)).toEqual([
      "RUN_STARTED",
      "STEP_STARTED",
      "REASONING_START",
      "REASONING_MESSAGE_START",
      "REASONING_MESSAGE_CONTENT",
      "REASONING_MESSAGE_END",
      "REASONING_END",
      "TEXT_MESSAGE_START",
      "TEXT_MESSAGE_CONTENT",
      "STATE_SNAPSHOT",
      "TEXT_MESSAGE_CONTENT",
      "STATE_DELTA",
      "STEP_FINISHED",
      "TEXT_MESSAGE_END",
      "TOOL_CALL_START",
      "TOOL_CALL_ARGS",
      "TOOL_CALL_END",
      "TOOL_CALL_RESULT",
      "CUSTOM",
      "TEXT_MESSAGE_START",
      "TEXT_MESSAGE_CONTENT",
      "TEXT_MESSAGE_END",
      "RUN_FINISHED",
    ]);
    expect(newMessages).toMatchObject([
      { role: "reasoning", content: "hm" },
      { role: "assistant", content: "Let me look." },
      { role: "assistant", toolCalls: [{ id: "c1", function: { name: "look", arguments: '{"at":"sky"}' } }] },
      { role: "tool", toolCallId: "c1", content: "blue" },
      { role: "assistant", content: "It is blue." },
    ]);
    expect(agent.state).toEqual({ plan: ["look"] });
    expect(events.at(-1)).toMatchObject({
      threadId: "tea",
      runId: "run-1",
      outcome: { type: "success" },
      usage: [{ inputTokens: 3, outputTokens: 4, cachedInputTokens: 1 }],
    });
  });

  it("streams a call's arguments as the model writes them", async () => {
    const text = JSON.stringify({ letter: "x".repeat(500) });
    await using app = await open(function* () {
      for (let at = 0; at < text.length; at += 50) {
        yield { type: "tool.call.delta", callId: "c1", name: "write", delta: text.slice(at, at + 50) };
      }
      yield { type: "tool.call", callId: "c1", name: "write", arguments: text };
    });
    const agent = agentOf(app.url);
    const events = recorded(agent);
    await agent.runAgent();
    const pieces = events.flatMap((event) => (event.type === EventType.TOOL_CALL_ARGS ? [event.delta] : []));
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join("")).toBe(text);
  });

  it("mends arguments that turn out otherwise, before their call ends", async () => {
    await using app = await open(function* () {
      yield "Hm. ";
      yield { type: "tool.call.delta", callId: "c1", name: "write", delta: `{"b":"${"x".repeat(100)}` };
      yield { type: "tool.call", callId: "c1", name: "write", arguments: { a: 1 } };
    });
    const agent = agentOf(app.url, { initialMessages: [user("Write", "u1")] });
    const ended: unknown[] = [];
    agent.subscribe({
      onToolCallEndEvent: ({ toolCallArgs }) => {
        ended.push(toolCallArgs);
      },
    });
    await agent.runAgent();
    expect(ended).toEqual([{ a: 1 }]);
    expect(agent.messages).toMatchObject([
      { id: "u1", role: "user" },
      { role: "assistant", content: "Hm. " },
      { toolCalls: [{ id: "c1", function: { arguments: '{"a":1}' } }] },
    ]);
  });

  it("keeps the calls of two runs apart whose agent gives them one id", async () => {
    await using app = await open(function* () {
      yield { type: "tool.call", callId: "c1", name: "look", arguments: { at: "sky" } };
      yield { type: "tool.result", callId: "c1", output: "blue" };
    });
    const agent = agentOf(app.url);
    for (const text of ["one", "two"]) {
      agent.addMessage(user(text));
      await agent.runAgent();
    }
    const calls = agent.messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : []));
    expect(calls.map(({ id, function: { arguments: text } }) => [id, text])).toEqual([
      ["c1", '{"at":"sky"}'],
      ["c1:2", '{"at":"sky"}'],
    ]);
    expect(agent.messages.flatMap((message) => (message.role === "tool" ? [message.toolCallId] : []))).toEqual([
      "c1",
      "c1:2",
    ]);
  });

  it("tells what AG-UI has no events for as custom ones", async () => {
    await using app = await open(() => [
      { type: "content", content: { type: "image", image_url: "https://example.com/a.png" } },
      { type: "message", message: { type: "component_call", content: [{ type: "data", data: { card: 1 } }] } },
    ]);
    const agent = agentOf(app.url);
    const events = recorded(agent);
    await agent.runAgent();
    expect(events.filter(({ type }) => type === EventType.CUSTOM)).toMatchObject([
      { name: "agentscope.content", value: { type: "image", image_url: "https://example.com/a.png" } },
      { name: "agentscope.message", value: { type: "component_call", content: [{ data: { card: 1 } }] } },
    ]);
  });

  it("leaves out steps that do not fit and ends those that were left open", async () => {
    await using app = await open(() => [
      agUiEvent({ type: "STEP_FINISHED", stepName: "a" }),
      agUiEvent({ type: "STEP_STARTED", stepName: "b" }),
      agUiEvent({ type: "STEP_STARTED", stepName: "b" }),
      "text",
    ]);
    const agent = agentOf(app.url);
    const events = recorded(agent);
    await agent.runAgent();
    expect(types(events).filter((type) => type.startsWith("STEP"))).toEqual(["STEP_STARTED", "STEP_FINISHED"]);
  });

  it("is cancelled, and neither a success nor an error, when it was stopped", async () => {
    await using app = await open(async function* (_request, { signal }) {
      yield "waiting";
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          resolve();
        });
      });
    });
    const agent = agentOf(app.url);
    const events = recorded(agent);
    const running = agent.runAgent({ runId: "run-1" });
    await eventually(() => Promise.resolve(types(events).includes("TEXT_MESSAGE_CONTENT") || undefined));
    expect((await post(`${app.url}/runs/run-1/cancel`, "")).status).toBe(200);
    await running;
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", outcome: { type: "cancelled" } });
  });

  it("is cancelled, with the reason, when a limit cut it", async () => {
    await using app = await open(() => ["half", { type: "incomplete", reason: "max_tokens" }]);
    const agent = agentOf(app.url);
    const events = recorded(agent);
    await agent.runAgent();
    expect(events.at(-1)).toMatchObject({
      outcome: { type: "cancelled" },
      metadata: { agentscope: { reason: "max_tokens" } },
    });
  });

  it("comes as protobuf to a client that takes it, and is the same", async () => {
    await using app = await open(function* () {
      yield { type: "reasoning.delta", delta: "hm" };
      yield "Hello 👩🏽‍🚀";
      yield { type: "tool.call", callId: "c1", name: "look", arguments: { at: ["sky", 1.5, null] } };
      yield { type: "tool.result", callId: "c1", output: "blue" };
      yield agUiEvent({ type: "STATE_SNAPSHOT", snapshot: { plan: [1, { deep: true }] } });
      yield agUiEvent({ type: "CUSTOM", name: "example.x", value: null });
      yield { type: "approval.request", id: "a1", name: "pay", arguments: {} };
    });
    const accept = "application/vnd.ag-ui.event+proto, text/event-stream";
    const contentTypes: (string | null)[] = [];
    const binary = agentOf(app.url, {
      fetch: async (url, init) => {
        const answer = await fetch(url, {
          ...init,
          headers: { accept, "content-type": "application/json" },
        });
        contentTypes.push(answer.headers.get("content-type"));
        return answer;
      },
    });
    const text = agentOf(app.url);
    const [fromBinary, fromText] = [recorded(binary), recorded(text)];
    await binary.runAgent({ runId: "run-1" });
    await text.runAgent({ runId: "run-1" });
    expect(contentTypes).toEqual(["application/vnd.ag-ui.event+proto"]);
    expect(JSON.parse(JSON.stringify(fromBinary))).toEqual(fromText);
  });
});

describe("what a run is asked", () => {
  it("is only what is new, while the client sends everything each time", async () => {
    const { query, asked } = listening();
    await using app = await open(query);
    const agent = agentOf(app.url);
    for (const text of ["one", "two", "three"]) {
      agent.addMessage(user(text));
      await agent.runAgent();
    }
    expect(agent.messages).toHaveLength(6);
    expect(asked.map(inShort)).toEqual([["user: one"], ["user: two"], ["user: three"]]);
  });

  it("leaves out what an earlier run was asked that said nothing", async () => {
    const { query, asked } = listening(({ input }) => {
      const [part] = input[0]?.content ?? [];
      if (part?.type === "text" && part.text === "one") throw new Error("no");
      return "ok";
    });
    await using app = await open(query);
    const agent = agentOf(app.url, { initialMessages: [user("one")] });
    await agent.runAgent();
    agent.addMessage(user("two"));
    await agent.runAgent();
    expect(asked.map(inShort)).toEqual([["user: one"], ["user: two"]]);
  });

  it("is all of a thread that began elsewhere", async () => {
    const { query, asked } = listening();
    await using app = await open(query);
    const initialMessages: Message[] = [
      { id: "s", role: "system", content: "Be brief." },
      { id: "d", role: "developer", content: "Very." },
      { id: "a", role: "assistant", content: "Hello, what is it?" },
      user("Nothing."),
    ];
    await agentOf(app.url, { initialMessages }).runAgent();
    expect(asked.map(inShort)).toEqual([
      ["system: Be brief.", "system: Very.", "assistant: Hello, what is it?", "user: Nothing."],
    ]);
  });

  it("is everything each time when the app keeps no sessions", async () => {
    const { query, asked } = listening();
    await using app = await open(query, { services: {} });
    const agent = agentOf(app.url);
    for (const text of ["one", "two"]) {
      agent.addMessage(user(text));
      await agent.runAgent();
    }
    expect(asked.map(inShort)).toEqual([["user: one"], ["user: one", "assistant: ok", "user: two"]]);
  });

  it("has pictures, sounds, films and documents, of today's clients and of older ones", async () => {
    const { query, asked } = listening();
    await using app = await open(query);
    const content = [
      { type: "text", text: "Look:" },
      { type: "image", source: { type: "data", value: "iVBORw0KGgo=", mimeType: "image/png" } },
      { type: "image", source: { type: "url", value: "https://example.com/a.png" } },
      { type: "audio", source: { type: "data", value: "UklGRg==", mimeType: "audio/x-wav" } },
      { type: "video", source: { type: "url", value: "https://example.com/a.mp4" } },
      { type: "document", source: { type: "file", value: "file-1", provider: "openai" } },
      { type: "binary", mimeType: "application/pdf", data: "JVBERg==", filename: "a.pdf" },
      { type: "hologram", beam: "blue" },
    ];
    const body = { threadId: "tea", runId: "run-1", messages: [{ id: "u", role: "user", content }] };
    expect((await post(`${app.url}/ag-ui`, body)).status).toBe(200);
    expect(asked[0]?.input[0]?.content).toMatchObject([
      { type: "text", text: "Look:" },
      { type: "image", image_url: "data:image/png;base64,iVBORw0KGgo=" },
      { type: "image", image_url: "https://example.com/a.png" },
      { type: "audio", data: "data:audio/x-wav;base64,UklGRg==", format: "wav" },
      { type: "video", video_url: "https://example.com/a.mp4" },
      { type: "file", file_id: "file-1" },
      { type: "file", file_data: "data:application/pdf;base64,JVBERg==", filename: "a.pdf" },
    ]);
  });

  it("comes with the client's tools, state, context and properties", async () => {
    const { query, asked } = listening();
    await using app = await open(query);
    const agent = agentOf(app.url, { initialState: { plan: [1] } });
    await agent.runAgent({
      tools: [{ name: "ask", description: "Asks.", parameters: { type: "object", properties: {} } }],
      context: [{ description: "The page", value: "/home" }],
      forwardedProps: { userId: "ada", theme: "dark" },
    });
    expect(asked[0]).toMatchObject({
      session_id: "tea",
      user_id: "ada",
      tools: [{ type: "function", function: { name: "ask", description: "Asks.", parameters: { type: "object" } } }],
      state: { plan: [1] },
      context: [{ description: "The page", value: "/home" }],
      forwarded_props: { userId: "ada", theme: "dark" },
    });
  });
});

describe("a client's own tool", () => {
  const shop: QueryHandler = async function* ({ input }) {
    const [part] = input.at(-1)?.content ?? [];
    if (input.at(-1)?.type === "function_call_output" && part?.type === "data") {
      yield `You chose ${String(part.data?.["output"])}.`;
    } else {
      yield { type: "tool.call", callId: "c1", name: "choose", arguments: { of: ["red", "blue"] }, kind: "function" };
    }
  };

  it("is called by the run, which ends and names the call, and answered with the next one", async () => {
    const { query, asked } = listening(shop);
    await using app = await open(query);
    const agent = agentOf(app.url, { initialMessages: [user("Paint it.")] });
    const events = recorded(agent);
    await agent.runAgent();
    expect(events.at(-1)).toMatchObject({ outcome: { type: "success", pendingToolCallIds: ["c1"] } });
    expect(types(events)).not.toContain("TOOL_CALL_RESULT");
    agent.addMessage({ id: "t1", role: "tool", toolCallId: "c1", content: "red" });
    const { newMessages } = await agent.runAgent();
    expect(newMessages).toMatchObject([{ role: "assistant", content: "You chose red." }]);
    expect(asked.map(inShort)).toEqual([
      ["user: Paint it."],
      [["function_call_output", { call_id: "c1", name: "choose", output: "red" }]],
    ]);
  });

  it("may be answered anywhere in the history, by an error too, and under an id that was made for the client", async () => {
    const { query, asked } = listening(shop);
    await using app = await open(query);
    const agent = agentOf(app.url, { initialMessages: [user("Paint it.")] });
    await agent.runAgent();
    agent.addMessage({ id: "t1", role: "tool", toolCallId: "c1", content: "", error: "declined" });
    await agent.runAgent();
    agent.addMessage(user("Again."));
    await agent.runAgent(); // Calls `c1` again: a call of its own for the client.
    const calling = agent.messages.at(-1)?.id ?? "";
    const answer: Message = { id: "t2", role: "tool", toolCallId: "c1:2", content: "blue" };
    // Some clients put an answer behind its call, also when the agent went on talking.
    const later: Message = { id: calling + "x", role: "assistant", content: "I am waiting." };
    agent.setMessages([...agent.messages, answer, later]);
    await agent.runAgent();
    expect(asked.map(inShort).slice(1)).toEqual([
      [["function_call_output", { call_id: "c1", name: "choose", output: "declined", is_error: true }]],
      ["user: Again."],
      [["function_call_output", { call_id: "c1", name: "choose", output: "blue" }]],
    ]);
  });
});

describe("an approval", () => {
  const cashier: QueryHandler = async function* ({ input }, { isApproved }) {
    if (input.some(({ type }) => type === "mcp_approval_response")) {
      const paid = isApproved("pay", { sum: 5 });
      yield { type: "tool.call", callId: "c1", name: "pay", arguments: { sum: 5 } };
      yield { type: "tool.result", callId: "c1", output: paid ? "paid" : "refused" };
      yield paid ? "Paid." : "Not paid.";
    } else {
      yield { type: "tool.call", callId: "c1", name: "pay", arguments: { sum: 5 } };
      yield { type: "approval.request", id: "a1", name: "pay", arguments: { sum: 5 } };
      yield { type: "approval.request", id: "a2", name: "tip", arguments: {} };
    }
  };
  const answers = (approved: boolean) => [
    { interruptId: "run-1/a1", status: "resolved" as const, payload: { approved } },
    { interruptId: "run-1/a2", status: "cancelled" as const },
  ];

  it("is an interrupt, and its answers begin the run that goes on", async () => {
    const { query, asked } = listening(cashier);
    await using app = await open(query);
    const agent = agentOf(app.url, { initialMessages: [user("Pay.")] });
    const events = recorded(agent);
    await agent.runAgent({ runId: "run-1" });
    expect(events.at(-1)).toMatchObject({
      outcome: {
        type: "interrupt",
        interrupts: [
          { id: "run-1/a1", reason: "tool_call", toolCallId: "c1", message: "Allow pay?" },
          { id: "run-1/a2", reason: "confirmation" },
        ],
      },
    });
    const { newMessages } = await agent.runAgent({ runId: "run-2", resume: answers(true) });
    expect(newMessages).toMatchObject([
      { role: "tool", toolCallId: "c1", content: "paid" },
      { role: "assistant", content: "Paid." },
    ]);
    expect(events.at(-1)).toMatchObject({ runId: "run-2", outcome: { type: "success" } });
    expect(agent.pendingInterrupts).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it("gives the same run to the same answer, whatever the client calls it, and refuses another one", async () => {
    const { query, asked } = listening(cashier);
    await using app = await open(query);
    const body = { threadId: "tea", messages: [user("Pay.", "u1")] };
    await post(`${app.url}/ag-ui`, { ...body, runId: "run-1" });
    const first = await post(`${app.url}/ag-ui`, { ...body, runId: "run-2", resume: answers(false) });
    const again = await post(`${app.url}/ag-ui`, { ...body, runId: "run-3", resume: answers(false) });
    expect(first.text).toContain("Not paid.");
    expect(again.text.replaceAll("run-3", "run-2")).toBe(first.text);
    expect(asked).toHaveLength(2);
    const other = await post(`${app.url}/ag-ui`, { ...body, runId: "run-4", resume: answers(true) });
    expect(other.status).toBe(409);
  });

  it("takes what is new along with the answers, and needs no sessions", async () => {
    for (const services of [undefined, {}]) {
      const { query, asked } = listening(cashier);
      await using app = await open(query, services && { services });
      const agent = agentOf(app.url, { initialMessages: [user("Pay.")] });
      await agent.runAgent({ runId: "run-1" });
      agent.addMessage(user("And hurry."));
      const { newMessages } = await agent.runAgent({ runId: "run-2", resume: answers(true) });
      expect(newMessages.at(-1)).toMatchObject({ content: "Paid." });
      expect(asked[1]?.input.map(({ type }) => type).slice(-3)).toEqual([
        "message",
        "mcp_approval_response",
        "mcp_approval_response",
      ]);
      const again = await post(`${app.url}/ag-ui`, {
        threadId: "tea",
        runId: "run-3",
        messages: [user("Once more.")],
        resume: answers(true),
      });
      expect(again.text).toContain("Paid.");
      expect(asked).toHaveLength(2);
    }
  });

  it("cannot be passed in silence, nor answered without saying what", async () => {
    await using app = await open(cashier);
    const body = { threadId: "tea", messages: [user("Pay.", "u1")] };
    await post(`${app.url}/ag-ui`, { ...body, runId: "run-1" });
    const partial = await post(`${app.url}/ag-ui`, { ...body, runId: "run-2", resume: answers(true).slice(0, 1) });
    expect([partial.status, JSON.parse(partial.text)]).toMatchObject([
      400,
      { code: "invalid_argument", metadata: { agentscope: { details: { missing: ["run-1/a2"] } } } },
    ]);
    const resume = [{ interruptId: "run-1/a1", status: "resolved", payload: "perhaps" }];
    expect((await post(`${app.url}/ag-ui`, { ...body, runId: "run-2", resume })).status).toBe(400);
  });

  it("is not answered by what nobody asked: the run goes on without", async () => {
    const { query, asked } = listening();
    await using app = await open(query);
    for (const [index, interruptId] of ["a1", "run-9/a1", "run-0/none", "/"].entries()) {
      const resume = [{ interruptId, status: "resolved", payload: true }];
      const body = { threadId: "tea", runId: `run-${index}`, messages: [user("Hi", `u${index}`)], resume };
      expect(await post(`${app.url}/ag-ui`, body)).toMatchObject({ status: 200 });
    }
    expect(asked.map(inShort)).toEqual(["Hi", "Hi", "Hi", "Hi"].map((text) => [`user: ${text}`]));
  });

  it("that came too late can be given up, and the thread goes on", async () => {
    const { query, asked } = listening(({ input }) =>
      input.length > 0 ? [{ type: "approval.request", id: "a1", name: "pay", arguments: {} }] : "Well then.",
    );
    await using app = await open(query, { approvalMs: 1 });
    const agent = agentOf(app.url, { initialMessages: [user("Pay.")] });
    await agent.runAgent({ runId: "run-1" });
    const { newMessages } = await agent.runAgent({ resume: [{ interruptId: "run-1/a1", status: "cancelled" }] });
    expect(newMessages).toMatchObject([{ content: "Well then." }]);
    expect(asked).toHaveLength(2);
  });
});

describe("the same request again", () => {
  it("attaches to its run, under way or ended", async () => {
    const gate = Promise.withResolvers<undefined>();
    const { query, asked } = listening(async function* () {
      yield "one ";
      await gate.promise;
      yield "two";
    });
    await using app = await open(query);
    const body = { threadId: "tea", runId: "run-1", messages: [user("Hi", "u1")] };
    const first = post(`${app.url}/ag-ui`, body);
    const second = post(`${app.url}/ag-ui`, body);
    await eventually(() => Promise.resolve(asked.length > 0 || undefined));
    gate.resolve(undefined);
    const third = await Promise.all([first, second]).then(async () => post(`${app.url}/ag-ui`, body));
    expect([(await first).text, (await second).text]).toEqual([third.text, third.text]);
    expect(third.text).toContain("two");
    expect(asked).toHaveLength(1);
  });

  it("is refused when it has the id of another run", async () => {
    await using app = await open(() => "ok");
    const body = { threadId: "tea", runId: "run-1", messages: [user("Hi", "u1")] };
    await post(`${app.url}/ag-ui`, body);
    const messages = [user("Something else", "u2")];
    for (const other of [
      { ...body, messages },
      { ...body, threadId: "coffee" },
    ]) {
      const refused = await post(`${app.url}/ag-ui`, other);
      expect([refused.status, JSON.parse(refused.text)]).toMatchObject([409, { type: "RUN_ERROR", code: "conflict" }]);
    }
  });
});

describe("connecting", () => {
  it("gives a client that knows nothing all messages of its thread", async () => {
    await using app = await open(function* () {
      yield { type: "reasoning.delta", delta: "hm" };
      yield { type: "tool.call", callId: "c1", name: "look", arguments: {} };
      yield { type: "tool.result", callId: "c1", output: "no", isError: true };
      yield "Nothing there.";
    });
    const agent = agentOf(app.url, { initialMessages: [user("Look.")] });
    await agent.runAgent();
    const other = agentOf(app.url);
    const events = recorded(other);
    await other.connectAgent();
    expect(types(events)).toEqual(["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]);
    const failed = agent.messages.map((message) => (message.role === "tool" ? { ...message, error: "no" } : message));
    expect(other.messages).toEqual(failed.map(({ metadata: _metadata, ...message }) => message));
  });

  it("joins a run in the middle of its words, wherever it began", async () => {
    const gate = Promise.withResolvers<undefined>();
    await using app = await open(async function* ({ input }) {
      if (input.length === 0) return;
      yield agUiEvent({ type: "STATE_SNAPSHOT", snapshot: { steps: 1 } });
      yield agUiEvent({ type: "STEP_STARTED", stepName: "talk" });
      yield "first ";
      yield agUiEvent({ type: "STATE_DELTA", delta: [{ op: "replace", path: "/steps", value: 2 }] });
      await gate.promise;
      yield "second";
    });
    const input = [{ role: "user", content: [{ type: "text", text: "Talk" }] }];
    const ours = post(`${app.url}/process`, { id: "run-1", session_id: "tea", user_id: "tea", input });
    const looking = async () => (await fetch(`${app.url}/runs/run-1`)).json() as Promise<{ event_count?: number }>;
    await eventually(async () => ((await looking()).event_count ?? 0) >= 8 || undefined);
    const agent = agentOf(app.url);
    const events = recorded(agent);
    const connected = agent.connectAgent();
    await eventually(() => Promise.resolve(types(events).includes("TEXT_MESSAGE_START") || undefined));
    gate.resolve(undefined);
    await connected;
    expect((await ours).status).toBe(200);
    expect(types(events)).toEqual([
      "RUN_STARTED",
      "MESSAGES_SNAPSHOT",
      "STATE_SNAPSHOT",
      "STATE_DELTA",
      "TEXT_MESSAGE_START",
      "STEP_STARTED",
      "TEXT_MESSAGE_CONTENT",
      "TEXT_MESSAGE_END",
      "STEP_FINISHED",
      "RUN_FINISHED",
    ]);
    expect(agent.messages).toMatchObject([{ role: "assistant", content: "first second" }]);
    expect(agent.state).toEqual({ steps: 2 });
    expect(events.at(-1)).toMatchObject({ threadId: "tea", runId: "run-1", outcome: { type: "success" } });
  });

  it.each([{}, { services: {} }])("loses nothing that the client has when it comes back: %j", async (options) => {
    const gate = Promise.withResolvers<undefined>();
    await using app = await open(
      async function* ({ input }) {
        if (JSON.stringify(input.at(-1)).includes("Hi")) {
          yield "Hello.";
          return;
        }
        yield { type: "tool.call", callId: "c1", name: "look", arguments: {} };
        yield "first ";
        await gate.promise;
        yield { type: "tool.result", callId: "c1", output: "blue" };
        yield "second";
      },
      { onDisconnect: "continue", ...options },
    );
    const agent = agentOf(app.url, { initialMessages: [user("Hi", "u1")] });
    await agent.runAgent();
    agent.addMessage(user("Talk", "u2"));
    const events = recorded(agent);
    const running = agent.runAgent({ runId: "run-1" });
    await eventually(() => Promise.resolve(types(events).includes("TEXT_MESSAGE_CONTENT") || undefined));
    agent.abortRun();
    await running;
    const back = agentOf(app.url, { initialMessages: agent.messages });
    const more = recorded(back);
    const connected = back.connectAgent();
    await eventually(() => Promise.resolve(types(more).includes("MESSAGES_SNAPSHOT") || undefined));
    gate.resolve(undefined);
    await connected;
    expect(back.messages).toMatchObject([
      { id: "u1", role: "user", content: "Hi" },
      { role: "assistant", content: "Hello." },
      { id: "u2", role: "user", content: "Talk" },
      { role: "assistant", toolCalls: [{ id: "c1" }] },
      { role: "tool", toolCallId: "c1", content: "blue" },
      { role: "assistant", content: "first " },
      { role: "assistant", content: "second" },
    ]);
  });

  it("tells a client what its thread waits for", async () => {
    await using app = await open(() => [{ type: "approval.request", id: "a1", name: "pay", arguments: {} }]);
    await agentOf(app.url, { initialMessages: [user("Pay.")] }).runAgent({ runId: "run-1" });
    const agent = agentOf(app.url);
    await agent.connectAgent();
    expect(agent.pendingInterrupts).toMatchObject([{ id: "run-1/a1", message: "Allow pay?" }]);
  });

  it("leaves the client's messages alone when the app keeps none", async () => {
    await using app = await open(() => "ok", { services: {} });
    const agent = agentOf(app.url, { initialMessages: [user("Hi", "u1")] });
    await agent.connectAgent();
    expect(agent.messages).toMatchObject([{ id: "u1" }]);
  });

  it("shows nobody another user's thread", async () => {
    const authenticate = apiKeys({ "ada-key": { userId: "ada" }, "bob-key": { userId: "bob" } });
    await using app = await open(() => "secret", { authenticate });
    const of = (name: string, messages: Message[]) =>
      agentOf(app.url, { headers: { authorization: `Bearer ${name}-key` }, initialMessages: messages });
    await of("ada", [user("Hi")]).runAgent();
    const bob = of("bob", []);
    await bob.connectAgent({ forwardedProps: { userId: "ada" } });
    expect(bob.messages).toEqual([]);
  });
});

describe("what is refused before a run", () => {
  const body = { threadId: "tea", runId: "run-1", messages: [] };

  it.each([
    ["malformed JSON", "{", 400, "invalid_argument"],
    ["no body", "", 400, "invalid_argument"],
    ["a wrong type", { ...body, messages: {} }, 400, "invalid_argument"],
    ["no thread", { runId: "run-1", messages: [] }, 400, "invalid_argument"],
    ["an id that is none", { ...body, runId: "../etc" }, 400, "invalid_argument"],
    ["null for a known field", { ...body, parentRunId: null }, 400, "invalid_argument"],
    ["a message that is too large", { ...body, state: "x".repeat(5_000) }, 413, "payload_too_large"],
  ])("is told as an error of AG-UI: %s", async (_what, sent, status, code) => {
    await using app = await open(() => "ok", { limits: { maxBodyBytes: 4_096 } });
    const refused = await post(`${app.url}/ag-ui`, sent);
    expect(refused.status).toBe(status);
    expect(refused.headers.get("content-type")).toContain("application/json");
    const event: unknown = JSON.parse(refused.text);
    expect(EventSchema.parse(event)).toMatchObject({ type: "RUN_ERROR", code });
  });

  it("is told as an error of AG-UI: who it is, and which agent", async () => {
    await using app = await open(() => "ok", { authenticate: apiKeys({ key: { userId: "ada" } }) });
    const unknown = await post(`${app.url}/ag-ui`, body);
    expect([unknown.status, JSON.parse(unknown.text)]).toMatchObject([
      401,
      { type: "RUN_ERROR", code: "unauthenticated" },
    ]);
    expect(unknown.headers.get("www-authenticate")).toBe("Bearer");
    const none = await post(`${app.url}/agents/none/ag-ui`, body, { authorization: "Bearer key" });
    expect([none.status, JSON.parse(none.text)]).toMatchObject([404, { type: "RUN_ERROR", code: "not_found" }]);
  });
});

it("takes ids of any script, and says in a header which run it is", async () => {
  await using app = await open(() => "ok");
  const { status, headers, text } = await post(`${app.url}/ag-ui`, { threadId: "茶", runId: "走-1", messages: [] });
  expect([status, decodeURIComponent(headers.get("x-run-id") ?? "")]).toEqual([200, "走-1"]);
  expect(text).toContain('"runId":"走-1"');
});

it("serves any agent of an app under its own path, and itself where it is told", async () => {
  await using app = await open(() => "", {
    query: undefined as unknown as QueryHandler,
    agents: { one: () => "I am one.", two: () => "I am two." },
    gateways: [agUiGateway({ path: "/invocations" })],
  });
  const body = { threadId: "tea", runId: "run-1", messages: [] };
  expect((await post(`${app.url}/invocations`, body)).text).toContain("I am one.");
  expect((await post(`${app.url}/agents/two/invocations`, { ...body, runId: "run-2" })).text).toContain("I am two.");
  expect(await (await fetch(`${app.url}/openapi.json`)).text()).toContain("/agents/{agent}/invocations");
});
