import { setTimeout } from "node:timers/promises";
import { enforceEvents, EventType, HttpAgent, verifyEvents } from "@ag-ui/client";
import type { BaseEvent, Event } from "@ag-ui/client";
import { EventSchema } from "@ag-ui/core/schemas";
import { AgentApp } from "@agentscope-runtime/core";
import type { AgentAppOptions, AgentOutput, HttpReply, QueryHandler } from "@agentscope-runtime/core";
import { callHandler } from "@agentscope-runtime/core/testing";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import { decodeSse, RuntimeError } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { agUiEvent, agUiGateway } from "./index.ts";

/** What AG-UI 1.0 asks of a producer: in our words, with the beginning of the sentence that says so and its page. */
interface Requirement {
  /** Below https://docs.ag-ui.com/spec/1.0/. */
  readonly page: string;
  readonly sentence: string;
  readonly says: string;
}

const requirements = {
  "lifecycle.first": {
    page: "events/lifecycle#the-run",
    sentence: "A stream MUST begin with …",
    says: "The first event is the run's beginning, or an error.",
  },
  "lifecycle.ids": {
    page: "basic/run-input#identity",
    sentence: "Every run on the stream carries the input's …",
    says: "Beginning and end carry the input's thread and run.",
  },
  "lifecycle.parent": {
    page: "basic/run-input#identity",
    sentence: "parentRunId is OPTIONAL and names …",
    says: "The run that this one was spawned by is told again.",
  },
  "lifecycle.outcome": {
    page: "events/lifecycle#run_finished",
    sentence: "A producer MUST NOT send an outcome value …",
    says: "A run ends as success, interrupt or cancelled.",
  },
  "lifecycle.cancelled": {
    page: "events/lifecycle#cancelled-runs",
    sentence: "A producer that stops a run before completion …",
    says: "What was stopped ends as cancelled, and never as a success.",
  },
  "lifecycle.cancelled-closes": {
    page: "events/lifecycle#cancelled-runs",
    sentence: "A producer MUST close what the run opened …",
    says: "Messages, calls and steps are closed before a cancelled end too.",
  },
  "lifecycle.cancelled-bare": {
    page: "events/lifecycle#cancelled-runs",
    sentence: "A cancelled run waits for nothing.",
    says: "A cancelled end has no interrupts and no result.",
  },
  "lifecycle.error": {
    page: "events/lifecycle#run_error",
    sentence: "Ends a run that failed.",
    says: "A failure is an error event with a message for people and a code for programs.",
  },
  "lifecycle.nothing-after": {
    page: "events/lifecycle#after-a-run-closes",
    sentence: "A producer MUST NOT emit any further event …",
    says: "Nothing follows the end of a run.",
  },
  "steps.balanced": {
    page: "events/lifecycle#steps",
    sentence: "A producer MUST NOT open a step whose name …",
    says: "Steps are opened once, closed only when open, and all closed before the end.",
  },
  "streaming.discipline": {
    page: "basic/patterns/streaming#open-content-close",
    sentence: "A producer MUST NOT open an item whose …",
    says: "Messages, calls and reasoning open once, go on only while open, and are closed before the end.",
  },
  "text.concatenates": {
    page: "events/text-messages#text_message_content",
    sentence: "deltas concatenate in arrival order",
    says: "The pieces of a message are its text.",
  },
  "tools.arguments": {
    page: "events/tool-calls#tool_call_args",
    sentence: "the concatenated deltas form the call's …",
    says: "The pieces of a call's arguments are their text, valid JSON or not.",
  },
  "tools.result": {
    page: "events/tool-calls#tool_call_result",
    sentence: "It is a message in its own right …",
    says: "A result has a message id of its own and the id of its call.",
  },
  "tools.frontend-unanswered": {
    page: "events/tool-calls#frontend-tools",
    sentence: "A producer that calls a frontend tool MUST NOT answer it …",
    says: "A call of the client's tool has no result, and the run is a success.",
  },
  "tools.pending": {
    page: "events/tool-calls#frontend-tools",
    sentence: "when it does, the list MUST contain exactly …",
    says: "A success names the calls without a result, all of them, in their order.",
  },
  "reasoning.span": {
    page: "events/reasoning#spans-reasoning_start-and-reasoning_end",
    sentence: "A producer MUST NOT open a span whose …",
    says: "Reasoning is a message within a span; both are closed, and its role is reasoning.",
  },
  "state.patch": {
    page: "basic/patterns/snapshots#when-a-patch-does-not-apply",
    sentence: "A malformed operation …",
    says: "A patch that is none is not sent as one.",
  },
  "state.history-as-snapshot": {
    page: "events/lifecycle#several-runs-on-one-stream",
    sentence: "A producer restating history …",
    says: "What a client may have already comes as a snapshot.",
  },
  "interrupts.outcome": {
    page: "basic/patterns/interrupt-resume#interrupting",
    sentence: "A producer MUST NOT report an interrupted run …",
    says: "A run that asks ends with what it asks, and not as a success.",
  },
  "interrupts.unique": {
    page: "basic/patterns/interrupt-resume#interrupting",
    sentence: "Each interrupt's id MUST be unique …",
    says: "No two questions of a run have one id.",
  },
  "interrupts.coverage": {
    page: "basic/patterns/interrupt-resume#resuming",
    sentence: "a resuming input that leaves one uncovered …",
    says: "Who answers one question answers or gives up all, or is refused before the run.",
  },
  "interrupts.unrecognised": {
    page: "basic/patterns/interrupt-resume#resuming",
    sentence: "the run SHOULD proceed without the entry …",
    says: "An answer that nobody asked for does not fail a run.",
  },
  "interrupts.expired": {
    page: "basic/patterns/interrupt-resume#resuming",
    sentence: "It can still be — and, coverage being mandatory, must be …",
    says: "A question that came too late cannot be answered any more, but given up.",
  },
  "input.malformed": {
    page: "basic/run-input#error-handling",
    sentence: "An input a producer cannot parse …",
    says: "What is malformed is refused before the run, as an HTTP error without a stream.",
  },
  "input.unrecognised": {
    page: "basic/run-input#error-handling",
    sentence: "Unrecognised members of the input are not malformed.",
    says: "Fields, messages and parts of a later version are left out, and the run is served.",
  },
  "input.tools": {
    page: "basic/run-input#tools",
    sentence: "A producer MUST treat a missing tools …",
    says: "No tools and no list of tools are the same; so are contexts.",
  },
  "input.context": {
    page: "basic/run-input#context",
    sentence: "a producer SHOULD make every entry available …",
    says: "The agent is given every context.",
  },
  "input.forwarded-props": {
    page: "basic/run-input#forwardedprops",
    sentence: "Null values inside the payload are preserved.",
    says: "The client's properties reach the agent as they are.",
  },
  "input.state": {
    page: "basic/run-input#state",
    sentence: "An absent state means the empty object …",
    says: "The agent is given the state, or an empty one.",
  },
  "input.parts": {
    page: "basic/run-input#messages",
    sentence: "A producer that cannot use a content part …",
    says: "No part of a message fails a run, and a provider's file handle is handed on unread.",
  },
  "version.own": {
    page: "basic/versioning#version-negotiation",
    sentence: "A producer declares the version it speaks …",
    says: "The run's beginning says 1.0, whatever the client speaks.",
  },
  "version.newer": {
    page: "basic/versioning#version-negotiation",
    sentence: "A producer meeting a newer minor …",
    says: "A client of a later minor version is served.",
  },
  "version.described": {
    page: "basic/versioning#what-a-producer-owes",
    sentence: "Emit only shapes the current protocol describes.",
    says: "No event has anything that the protocol does not describe.",
  },
  "version.absent": {
    page: "basic/versioning#what-a-producer-owes",
    sentence: "Omit optional fields that have no value …",
    says: "A field without a value is not there.",
  },
  "custom.prefix": {
    page: "events/passthrough#custom",
    sentence: "Producers SHOULD prefix names they invent …",
    says: "Our own custom events begin with our name.",
  },
  "sse.framing": {
    page: "basic/transports/http-sse#response",
    sentence: "Each SSE event's data payload is exactly one …",
    says: "Each server-sent event is one event of AG-UI, on lines that end with LF.",
  },
  "sse.failure": {
    page: "basic/transports/http-sse#errors",
    sentence: "A failure after the stream opens …",
    says: "Once the stream is open, a failure is told in it, and then it closes.",
  },
  "protobuf.negotiation": {
    page: "basic/transports/http-protobuf#negotiation",
    sentence: "A producer that supports the binding SHOULD …",
    says: "A client that admits protobuf gets it, any other one server-sent events.",
  },
  "protobuf.framing": {
    page: "basic/transports/http-protobuf#framing",
    sentence: "A frame is a 4-byte length header …",
    says: "Each frame is its length in four bytes, big end first, and one event.",
  },
} as const satisfies Readonly<Record<string, Requirement>>;

const everything: readonly AgentOutput[] = [
  agUiEvent({ type: "STEP_STARTED", stepName: "one" }),
  agUiEvent({ type: "STEP_STARTED", stepName: "one" }),
  agUiEvent({ type: "STEP_FINISHED", stepName: "two" }),
  { type: "reasoning.delta", delta: "hm" },
  "be",
  agUiEvent({ type: "STATE_SNAPSHOT", snapshot: null }),
  agUiEvent({ type: "STATE_DELTA", delta: [{ op: "replace", path: "", value: 1 }] }),
  agUiEvent({ type: "STATE_DELTA", delta: [{ op: "jump" }] }),
  agUiEvent({ type: "ACTIVITY_SNAPSHOT", messageId: "a", activityType: "search", content: {} }),
  agUiEvent({ type: "ACTIVITY_DELTA", messageId: "a", activityType: "search", patch: [] }),
  agUiEvent({ type: "RAW", event: { of: "a provider" }, source: "example" }),
  agUiEvent({ type: "CUSTOM", name: "example.one", value: 1 }),
  { type: "content", content: { type: "image", image_url: "https://example.com/a.png" } },
  "fore",
  { type: "message.end", metadata: { finish: "stop" } },
  { type: "refusal.delta", delta: "no" },
  { type: "tool.call.delta", callId: "c1", name: "look", delta: '{"at": ' },
  { type: "tool.call", callId: "c2", name: "fail", arguments: "not JSON" },
  { type: "tool.call", callId: "c1", name: "look", arguments: { at: "sky" } },
  { type: "tool.result", callId: "c1", output: "blue", preliminary: true },
  { type: "tool.result", callId: "c2", output: "broken", isError: true },
  { type: "tool.result", callId: "c1", output: "very blue" },
  { type: "tool.call", callId: "c1", name: "look", arguments: {} },
  { type: "tool.call", callId: "c3", name: "ask", arguments: {}, kind: "function" },
  { type: "message", message: { type: "component_call", content: [{ type: "data", data: { card: 1 } }] } },
  { type: "usage", usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7.5 } },
];

interface Told {
  readonly status: number;
  readonly contentType: string;
  readonly frames: readonly string[];
  readonly events: readonly Event[];
}

const base = { threadId: "tea", runId: "run-1", messages: [] };
const pay: AgentOutput = { type: "approval.request", id: "a1", name: "pay", arguments: {} };
const tip: AgentOutput = { type: "approval.request", id: "a2", name: "tip", arguments: {} };

function openApp(query: QueryHandler, options: Partial<AgentAppOptions> = {}): AgentApp {
  const sessions = new InProcessSessionHistory();
  return new AgentApp({ query, gateways: [agUiGateway()], services: { sessions }, resources: [sessions], ...options });
}

async function toldBy({ status, body }: HttpReply): Promise<Told> {
  if (body !== undefined && "json" in body) {
    const event = JSON.parse(JSON.stringify(body.json)) as Event;
    return { status, contentType: "application/json", frames: [], events: [event] };
  }
  if (body === undefined || !("sse" in body)) throw new Error("The reply is neither JSON nor a stream.");
  const frames = await Array.fromAsync(body.sse);
  const bytes = (async function* () {
    yield new TextEncoder().encode(frames.join(""));
    await Promise.resolve();
  })();
  const messages = await Array.fromAsync(decodeSse(bytes));
  return {
    status,
    contentType: "text/event-stream",
    frames,
    events: messages.map(({ data }) => JSON.parse(data) as Event),
  };
}

/** Asks a fresh app, once or several times one after the other. The last answer is what it told. */
async function ask(query: QueryHandler, first: object = {}, ...others: readonly object[]): Promise<Told> {
  await using app = openApp(query);
  await app.start();
  let last = await send(app, first);
  for (const body of others) last = await send(app, body);
  return last;
}

async function send(app: AgentApp, body: object, path = "/ag-ui"): Promise<Told> {
  return toldBy(await callHandler(app.handle, { path, body: { ...base, ...body } }));
}

/** What an agent is given for an input. */
async function given(input: object): Promise<AgentRequest | undefined> {
  let request: AgentRequest | undefined;
  const { status } = await ask((asked) => {
    request = asked;
    return "ok";
  }, input);
  expect(status).toBe(200);
  return request;
}

/** What the client's own stages make of the events. Rejects when they do not fit together. */
async function throughClient(events: readonly Event[]): Promise<readonly BaseEvent[]> {
  const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
  const agent = new HttpAgent({
    url: "http://agent.invalid",
    fetch: () => Promise.resolve(new Response(text, { headers: { "content-type": "text/event-stream" } })),
  });
  const source = verifyEvents()(enforceEvents()(agent.run({ ...base, tools: [], context: [] })));
  const seen: BaseEvent[] = [];
  await new Promise<void>((resolve, reject) => {
    source.subscribe({ next: (event) => seen.push(event), error: reject, complete: resolve });
  });
  return seen;
}

function of<T extends EventType>(events: readonly Event[], type: T): Extract<Event, { type: T }>[] {
  return events.filter((event): event is Extract<Event, { type: T }> => event.type === type);
}

const canceled: QueryHandler = async function* () {
  yield* everything.slice(0, 5);
  yield { type: "tool.call.delta", callId: "c1", name: "look", delta: '{"at": ' };
  await Promise.resolve();
  throw new RuntimeError("canceled", "Stop.");
};

const checks: Readonly<Record<keyof typeof requirements, () => Promise<void>>> = {
  "lifecycle.first": async () => {
    expect((await ask(() => everything)).events[0]).toMatchObject({ type: "RUN_STARTED" });
    expect((await ask(() => Promise.reject(new Error("no")))).events[0]).toMatchObject({ type: "RUN_STARTED" });
  },
  "lifecycle.ids": async () => {
    const { events } = await ask(() => everything);
    for (const event of [events[0], events.at(-1)]) expect(event).toMatchObject({ threadId: "tea", runId: "run-1" });
  },
  "lifecycle.parent": async () => {
    expect((await ask(() => "ok", { parentRunId: "run-0" })).events[0]).toMatchObject({ parentRunId: "run-0" });
    expect((await ask(() => "ok")).events[0]).not.toHaveProperty("parentRunId");
  },
  "lifecycle.outcome": async () => {
    for (const [query, type] of [
      [() => "ok", "success"],
      [() => [pay], "interrupt"],
      [canceled, "cancelled"],
    ] as const) {
      expect((await ask(query)).events.at(-1)).toMatchObject({ type: "RUN_FINISHED", outcome: { type } });
    }
  },
  "lifecycle.cancelled": async () => {
    for (const query of [canceled, () => ["half", { type: "incomplete", reason: "max_tokens" } as const]]) {
      expect((await ask(query)).events.at(-1)).toMatchObject({ outcome: { type: "cancelled" } });
    }
  },
  "lifecycle.cancelled-closes": async () => {
    const { events } = await ask(canceled);
    expect(of(events, EventType.TOOL_CALL_START)).toHaveLength(1);
    for (const type of [EventType.TEXT_MESSAGE_END, EventType.TOOL_CALL_END, EventType.STEP_FINISHED]) {
      expect(of(events, type)).toHaveLength(1);
    }
    expect(await throughClient(events)).toHaveLength(events.length);
  },
  "lifecycle.cancelled-bare": async () => {
    const [end] = of((await ask(canceled)).events, EventType.RUN_FINISHED);
    expect(end).not.toHaveProperty("result");
    expect(end?.outcome).toEqual({ type: "cancelled" });
  },
  "lifecycle.error": async () => {
    const { events } = await ask(() => Promise.reject(new RuntimeError("unavailable", "The model is down.")));
    expect(events.at(-1)).toEqual({ type: "RUN_ERROR", message: "The model is down.", code: "unavailable" });
  },
  "lifecycle.nothing-after": async () => {
    for (const query of [() => everything, canceled, () => Promise.reject(new Error("no"))]) {
      const { events } = await ask(query);
      const ends = events.findIndex(({ type }) => type === EventType.RUN_FINISHED || type === EventType.RUN_ERROR);
      expect(ends).toBe(events.length - 1);
    }
  },
  "steps.balanced": async () => {
    const { events } = await ask(() => everything);
    const steps = events.filter(({ type }) => type.startsWith("STEP"));
    expect(steps).toEqual([
      { type: "STEP_STARTED", stepName: "one" },
      { type: "STEP_FINISHED", stepName: "one" },
    ]);
  },
  "streaming.discipline": async () => {
    const { events } = await ask(() => everything);
    expect(await throughClient(events)).toHaveLength(events.length); // Its verification throws at the first that does not fit.
  },
  "text.concatenates": async () => {
    const { events } = await ask(() => ["be", "", "fore"]);
    expect(of(events, EventType.TEXT_MESSAGE_CONTENT).map(({ delta }) => delta)).toEqual(["be", "fore"]);
  },
  "tools.arguments": async () => {
    const { events } = await ask(() => everything);
    const texts: Record<string, string> = {};
    for (const { toolCallId, delta } of of(events, EventType.TOOL_CALL_ARGS)) {
      texts[toolCallId] = (texts[toolCallId] ?? "") + delta;
    }
    expect(texts).toEqual({ c1: '{"at":"sky"}', c2: "not JSON", "c1:2": "{}", c3: "{}" });
  },
  "tools.result": async () => {
    const { events } = await ask(() => everything);
    const results = of(events, EventType.TOOL_CALL_RESULT);
    expect(results.map(({ toolCallId, content }) => [toolCallId, content])).toEqual([
      ["c2", "broken"],
      ["c1", "very blue"],
    ]);
    const begun = [
      ...of(events, EventType.TEXT_MESSAGE_START),
      ...of(events, EventType.REASONING_MESSAGE_START),
      ...results,
    ];
    expect(new Set(begun.map(({ messageId }) => messageId)).size).toBe(begun.length);
  },
  "tools.frontend-unanswered": async () => {
    const { events } = await ask(() => everything);
    expect(of(events, EventType.TOOL_CALL_RESULT).map(({ toolCallId }) => toolCallId)).not.toContain("c3");
    expect(events.at(-1)).toMatchObject({ outcome: { type: "success" } });
  },
  "tools.pending": async () => {
    const { events } = await ask(() => everything);
    expect(events.at(-1)).toMatchObject({ outcome: { pendingToolCallIds: ["c1:2", "c3"] } });
    expect((await ask(() => "ok")).events.at(-1)).toMatchObject({ outcome: { type: "success" } });
  },
  "reasoning.span": async () => {
    const { events } = await ask(() => everything);
    expect(events.filter(({ type }) => type.startsWith("REASONING"))).toMatchObject([
      { type: "REASONING_START" },
      { type: "REASONING_MESSAGE_START", role: "reasoning" },
      { type: "REASONING_MESSAGE_CONTENT", delta: "hm" },
      { type: "REASONING_MESSAGE_END" },
      { type: "REASONING_END" },
    ]);
  },
  "state.patch": async () => {
    const { events } = await ask(() => everything);
    expect(of(events, EventType.STATE_DELTA).map(({ delta }) => delta)).toEqual([
      [{ op: "replace", path: "", value: 1 }],
    ]);
  },
  "state.history-as-snapshot": async () => {
    await using app = openApp(() => everything);
    await app.start();
    const body = { messages: [{ id: "u1", role: "user", content: "Hi" }] };
    await send(app, body);
    const { events } = await send(app, body, "/ag-ui/connect");
    expect(events.map(({ type }) => type)).toEqual(["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]);
    expect(await throughClient(events)).toEqual(events);
  },
  "interrupts.outcome": async () => {
    const { events } = await ask(() => ["May I?", pay]);
    expect(events.at(-1)).toMatchObject({ outcome: { type: "interrupt", interrupts: [{ message: "Allow pay?" }] } });
  },
  "interrupts.unique": async () => {
    const { events } = await ask(() => [pay, tip]);
    expect(events.at(-1)).toMatchObject({ outcome: { interrupts: [{ id: "run-1/a1" }, { id: "run-1/a2" }] } });
    expect((await ask(() => [pay, { ...pay, name: "tip" }])).events.at(-1)).toMatchObject({ type: "RUN_ERROR" });
  },
  "interrupts.coverage": async () => {
    const resume = [{ interruptId: "run-1/a1", status: "resolved", payload: { approved: true } }];
    const refused = await ask(() => [pay, tip], {}, { runId: "run-2", resume });
    expect(refused).toMatchObject({ status: 400, contentType: "application/json" });
    const all = [...resume, { interruptId: "run-1/a2", status: "cancelled" }];
    expect(
      await ask(({ input }) => (input.length === 0 ? [pay, tip] : "ok"), {}, { runId: "run-2", resume: all }),
    ).toMatchObject({
      status: 200,
    });
  },
  "interrupts.unrecognised": async () => {
    const resume = [{ interruptId: "nobody's", status: "resolved", payload: 7 }];
    expect((await ask(() => "ok", { resume })).events.at(-1)).toMatchObject({ outcome: { type: "success" } });
  },
  "interrupts.expired": async () => {
    const query: QueryHandler = (_request, { runId }) => (runId === "run-1" ? [pay] : "Well then.");
    const answered = { interruptId: "run-1/a1", status: "resolved", payload: { approved: true } };
    await using app = openApp(query, { approvalMs: 1 });
    await app.start();
    await send(app, {});
    await setTimeout(5); // Longer than people have.
    expect(await send(app, { runId: "run-2", resume: [answered] })).toMatchObject({ status: 409 });
    const { events } = await send(app, { runId: "run-3", resume: [{ ...answered, status: "cancelled" }] });
    expect(events.at(-1)).toMatchObject({ runId: "run-3", outcome: { type: "success" } });
  },
  "input.malformed": async () => {
    for (const wrong of [
      { threadId: 7 },
      { messages: [{ id: "u", role: "user" }] },
      { tools: {} },
      { parentRunId: null },
    ]) {
      const refused = await ask(() => "ok", wrong);
      expect(refused).toMatchObject({ status: 400, contentType: "application/json" });
      expect(EventSchema.parse(refused.events[0])).toMatchObject({ type: "RUN_ERROR", code: "invalid_argument" });
    }
  },
  "input.unrecognised": async () => {
    const content = [{ type: "text", text: "Hi" }, { type: "hologram" }];
    const messages = [
      { id: "g", role: "ghost" },
      { id: "u", role: "user", content, mood: "good" },
    ];
    const request = await given({ messages, telepathy: true });
    expect(request?.input).toHaveLength(1);
    expect(request?.input[0]?.content).toMatchObject([{ type: "text", text: "Hi" }]);
  },
  "input.tools": async () => {
    const [without, empty] = [await given({}), await given({ tools: [], context: [] })];
    expect(without).toMatchObject({ tools: [], context: [] });
    expect(empty).toMatchObject({ tools: [], context: [] });
  },
  "input.context": async () => {
    const context = [{ description: "Page", value: "/home" }];
    expect(await given({ context })).toMatchObject({ context });
  },
  "input.forwarded-props": async () => {
    const forwardedProps = { a: null, b: [{ c: null }] };
    expect(await given({ forwardedProps })).toMatchObject({ forwarded_props: forwardedProps });
  },
  "input.state": async () => {
    expect(await given({ state: [1] })).toMatchObject({ state: [1] });
    expect(await given({})).toMatchObject({ state: {} });
  },
  "input.parts": async () => {
    const source = { type: "file", value: "file://not/to/be/read", provider: "someone" };
    const content = ["image", "audio", "video", "document"].map((type) => ({ type, source }));
    const request = await given({ messages: [{ id: "u", role: "user", content }] });
    const handle = { type: "file", file_id: source.value };
    expect(request?.input[0]?.content).toMatchObject([handle, handle, handle, handle]);
  },
  "version.own": async () => {
    for (const protocolVersion of ["0.9", "1.0", "draft"]) {
      expect((await ask(() => "ok", { protocolVersion })).events[0]).toMatchObject({ protocolVersion: "1.0" });
    }
  },
  "version.newer": async () => {
    expect((await ask(() => "ok", { protocolVersion: "1.10" })).events.at(-1)).toMatchObject({ type: "RUN_FINISHED" });
  },
  "version.described": async () => {
    const { events } = await ask(() => [...everything, pay]);
    expect(await throughClient(events)).toEqual(events); // The client takes away what the protocol does not describe.
  },
  "version.absent": async () => {
    for (const event of (await ask(() => everything)).events) {
      const { snapshot: _snapshot, ...fields } = { snapshot: undefined, ...event }; // A state may be null.
      expect(Object.values(fields)).not.toContain(null);
    }
  },
  "custom.prefix": async () => {
    const names = of((await ask(() => everything)).events, EventType.CUSTOM).map(({ name }) => name);
    expect(names.filter((name) => name !== "example.one")).toEqual([
      "agentscope.content",
      "agentscope.content",
      "agentscope.message",
    ]);
  },
  "sse.framing": async () => {
    const { frames, events, contentType } = await ask(() => ["two\nlines\r\n", "more"]);
    expect(contentType).toBe("text/event-stream");
    const lines = frames.join("").split("\n\n").slice(0, -1);
    expect(lines).toEqual(events.map((event) => `data: ${JSON.stringify(event)}`));
    expect(frames.join("")).not.toContain("\r");
  },
  "sse.failure": async () => {
    const { status, events } = await ask(function* () {
      yield "half";
      throw new Error("secret");
    });
    expect([status, events.at(-1)]).toEqual([200, { type: "RUN_ERROR", code: "internal", message: "Internal error." }]);
  },
  "protobuf.negotiation": async () => {
    await using app = openApp(() => "ok");
    await app.start();
    const proto = "application/vnd.ag-ui.event+proto";
    const isBinary = async (headers: Record<string, string>) => {
      const { body } = await callHandler(app.handle, { path: "/ag-ui", body: base, headers });
      const binary = body !== undefined && "bytes" in body;
      if (binary) expect(body.contentType).toBe(proto);
      return binary;
    };
    for (const accept of [proto, `text/event-stream, ${proto};q=0.1`, "*/*", "application/*"]) {
      expect(await isBinary({ accept })).toBe(true);
    }
    for (const accept of ["text/event-stream", "application/json", `${proto};q=0, text/event-stream`]) {
      expect(await isBinary({ accept })).toBe(false);
    }
    expect(await isBinary({})).toBe(false);
  },
  "protobuf.framing": async () => {
    await using app = openApp(() => everything);
    await app.start();
    const headers = { accept: "application/vnd.ag-ui.event+proto" };
    const { body } = await callHandler(app.handle, { path: "/ag-ui", body: base, headers });
    if (body === undefined || !("bytes" in body)) throw new Error("The reply is not binary.");
    const bytes = Buffer.concat(await Array.fromAsync(body.bytes));
    let count = 0;
    let at = 0;
    for (; at < bytes.length; count += 1) at += 4 + bytes.readUInt32BE(at);
    expect(at).toBe(bytes.length);
    expect(count).toBe((await ask(() => everything)).events.length);
  },
};

describe("AG-UI 1.0", () => {
  it.each(Object.entries(checks))("%s", async (_id, check) => {
    await expect(check()).resolves.toBeUndefined();
  });

  it("has a test for every requirement, and each says where it stands", () => {
    expect(Object.keys(checks).toSorted()).toEqual(Object.keys(requirements).toSorted());
    for (const { page, sentence, says } of Object.values(requirements)) {
      expect([page, sentence, says].map((text) => text.trim() === "")).toEqual([false, false, false]);
    }
  });
});
