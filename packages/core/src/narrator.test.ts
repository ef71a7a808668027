import { foldEvents } from "@agentscope-runtime/protocol";
import type { AgentEvent, Message } from "@agentscope-runtime/protocol";
import fc from "fast-check";
import type { AgentOutput } from "./agent-output.ts";
import { Narrator } from "./narrator.ts";
import type { Ending } from "./narrator.ts";

function narrate(outputs: readonly AgentOutput[], ending?: Ending): AgentEvent[] {
  const narrator = new Narrator({ runId: "run", sessionId: "session" });
  const events = narrator.begin();
  for (const output of outputs) events.push(...narrator.tell(output));
  return [...events, ...narrator.close(ending), narrator.end(ending)];
}

/** What the stream says, short: `message in_progress plugin_call`, `content in_progress text +hi`. */
function told(events: readonly AgentEvent[]): string[] {
  return events.map((event) => {
    if (event.object === "response") return `response ${event.status}`;
    if (event.object === "message") return `message ${event.status} ${event.type}`;
    const value = event.type === "text" ? event.text : event.type === "data" ? JSON.stringify(event.data) : "";
    return `${event.type} ${event.status} ${event.delta === true ? "+" : "="}${value ?? ""}`;
  });
}

const callIds = fc.constantFrom("a", "b", "c");
const pieces = fc.string({ maxLength: 12 });
const outputs: fc.Arbitrary<AgentOutput> = fc.oneof(
  pieces,
  fc.record({ type: fc.constant("text.delta" as const), delta: pieces }),
  fc.record({ type: fc.constant("reasoning.delta" as const), delta: pieces }),
  fc.record({ type: fc.constant("refusal.delta" as const), delta: pieces }),
  fc.record({
    type: fc.constant("tool.call.delta" as const),
    callId: callIds,
    name: pieces,
    delta: fc.string({ maxLength: 200 }),
  }),
  fc.record({
    type: fc.constant("tool.call" as const),
    callId: callIds,
    name: pieces,
    arguments: fc.jsonValue(),
    kind: fc.constantFrom("plugin" as const, "mcp" as const, "function" as const),
  }),
  fc.record({
    type: fc.constant("tool.result" as const),
    callId: callIds,
    output: fc.jsonValue(),
    preliminary: fc.boolean(),
    isError: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("content" as const),
    content: fc.record({ type: fc.constant("image" as const), image_url: pieces }),
  }),
  fc.record({ type: fc.constant("message.end" as const) }),
  fc.record({
    type: fc.constant("usage" as const),
    usage: fc.record({ input_tokens: fc.nat(), output_tokens: fc.nat() }),
  }),
  fc.record({
    type: fc.constant("message" as const),
    message: fc.record({
      type: fc.constantFrom("component_call" as const, "message" as const),
      content: fc.array(fc.record({ type: fc.constant("text" as const), text: pieces }), { maxLength: 3 }),
    }),
  }),
);
const endings: fc.Arbitrary<Ending | undefined> = fc.constantFrom<(Ending | undefined)[]>(
  undefined,
  { status: "canceled" },
  { status: "failed", error: { code: "internal", message: "no" } },
  { status: "incomplete", reason: "wall_time" },
);

/**
 * AgentScope's own web page, by its documented rules: it appends a delta to the last item when that is a delta too,
 * replaces the last item by a part that is no delta, and drops parts of messages that it has not seen.
 */
function asTheWebPageShows(events: readonly AgentEvent[]): unknown[] {
  const messages = new Map<string, { id: string; content: Record<string, unknown>[] }>();
  for (const event of events) {
    if (event.object === "message") {
      const known = messages.get(event.id);
      const content = event.content?.map((part) => ({ ...part })) ?? [];
      messages.set(event.id, { id: event.id, content: content.length > 0 ? content : (known?.content ?? []) });
    } else if (event.object === "content") {
      const content = messages.get(event.msg_id ?? "")?.content;
      const last = content?.at(-1);
      if (content === undefined) continue;
      if (event.delta !== true) content.splice(-1, 1, { ...last, ...event });
      else if (last?.["delta"] === true && event.type === "text")
        last["text"] = `${String(last["text"])}${event.text ?? ""}`;
      else if (last?.["delta"] === true && event.type === "refusal")
        last["refusal"] = `${String(last["refusal"])}${event.refusal ?? ""}`;
      else if (last?.["delta"] === true) Object.assign(last, event);
      else content.push({ ...event });
    }
  }
  return [...messages.values()].map(({ id, content }) => ({ id, content: content.map(shown) }));
}

/** What a person sees of a part. */
function shown(part: Record<string, unknown>): unknown {
  const { type, text, refusal, data, image_url } = part;
  return { type, text, refusal, data, image_url };
}

describe("the narrator", () => {
  it("tells a plain answer in the order of the wire", () => {
    expect(told(narrate(["Hel", { type: "text.delta", delta: "lo" }]))).toEqual([
      "response created",
      "response in_progress",
      "message in_progress message",
      "text in_progress +Hel",
      "text in_progress +lo",
      "text completed =Hello",
      "message completed message",
      "response completed",
    ]);
  });

  it("tells a tool call and its result as two messages, in the words of their kind", () => {
    const events = narrate([
      { type: "tool.call", callId: "c1", name: "look", arguments: { at: "sky" }, kind: "mcp", serverLabel: "eyes" },
      { type: "tool.result", callId: "c1", output: ["blue"] },
    ]);
    expect(told(events).slice(2, -1)).toEqual([
      "message in_progress mcp_call",
      'data completed ={"call_id":"c1","name":"look","arguments":"{\\"at\\":\\"sky\\"}","server_label":"eyes"}',
      "message completed mcp_call",
      "message in_progress mcp_call_output",
      'data completed ={"call_id":"c1","name":"look","output":"[\\"blue\\"]"}',
      "message completed mcp_call_output",
    ]);
    expect(events.filter((event) => event.object === "message").map(({ role }) => role)).toEqual([
      "assistant",
      "assistant",
      "tool",
      "tool",
    ]);
  });

  it("sends streamed arguments as whole snapshots, and not one for each piece", () => {
    const parts = Array.from(
      { length: 1000 },
      () => ({ type: "tool.call.delta", callId: "c", name: "write", delta: "0123456789" }) as const,
    );
    const events = narrate([
      ...parts,
      { type: "tool.call", callId: "c", name: "write", arguments: "0123456789".repeat(1000) },
    ]);
    const snapshots = events.flatMap((event) =>
      event.object === "content" && event.type === "data" ? [String(event.data?.["arguments"])] : [],
    );
    expect(snapshots.at(0)).toBe("");
    expect(snapshots.at(-1)).toBe("0123456789".repeat(1000));
    expect(snapshots.length).toBeLessThan(60);
    expect(snapshots.join("").length).toBeLessThan(12 * 10_000);
  });

  it("marks the result of a tool that failed", () => {
    const events = narrate([{ type: "tool.result", callId: "c", name: "dig", output: "no spade", isError: true }]);
    const [data] = events.flatMap((event) => (event.object === "content" && event.type === "data" ? [event.data] : []));
    expect(data).toEqual({ call_id: "c", name: "dig", output: "no spade", is_error: true });
  });

  it("replaces a preliminary result by the next one, in the same message", () => {
    const events = narrate([
      { type: "tool.result", callId: "c", output: "10 %", preliminary: true },
      { type: "tool.result", callId: "c", output: "done" },
    ]);
    expect(told(events).slice(2, -1)).toEqual([
      "message in_progress plugin_call_output",
      'data in_progress ={"call_id":"c","name":null,"output":"10 %"}',
      'data completed ={"call_id":"c","name":null,"output":"done"}',
      "message completed plugin_call_output",
    ]);
  });

  it("begins a new message when text follows reasoning or a tool", () => {
    const events = narrate([
      { type: "reasoning.delta", delta: "hm" },
      "Yes.",
      { type: "tool.call", callId: "c", name: "n", arguments: "{}" },
      "Done.",
    ]);
    const types = events.flatMap((event) =>
      event.object === "message" && event.status === "completed" ? [event.type] : [],
    );
    expect(types).toEqual(["reasoning", "message", "plugin_call", "message"]);
  });

  it("keeps pictures in the message that is being said", () => {
    const events = narrate(["Look: ", { type: "content", content: { type: "image", image_url: "data:," } }, " nice?"]);
    const last = events.at(-1);
    const [message] = last?.object === "response" ? (last.output ?? []) : [];
    expect(message?.content?.map(({ type }) => type)).toEqual(["text", "image", "text"]);
  });

  it("adds up the usage of several model calls", () => {
    const usage = { input_tokens: 3, output_tokens: 5, details: { cached: 1 } };
    const last = narrate([
      { type: "usage", usage },
      { type: "usage", usage },
    ]).at(-1);
    expect(last).toMatchObject({ usage: { input_tokens: 6, output_tokens: 10, details: { cached: 2 } } });
  });

  it("ends incomplete, with the reason, when the agent says that it was cut short", () => {
    expect(narrate(["Well", { type: "incomplete", reason: "max_tokens" }]).at(-1)).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_tokens" },
      output: [{ status: "completed" }],
    });
  });

  it("keeps what was said before a failure, marked as incomplete", () => {
    const error = { code: "internal", message: "Internal error." };
    expect(narrate(["Once upon"], { status: "failed", error }).at(-1)).toMatchObject({
      status: "failed",
      error,
      output: [{ status: "incomplete", content: [{ type: "text", text: "Once upon" }] }],
    });
  });

  it("asks for an approval in the words of the wire", () => {
    const last = narrate([{ type: "approval.request", id: "a1", name: "rm", arguments: { path: "/" } }]).at(-1);
    expect(last).toMatchObject({
      output: [
        {
          type: "mcp_approval_request",
          content: [{ data: { id: "a1", name: "rm", server_label: "", arguments: '{"path":"/"}' } }],
        },
      ],
    });
  });

  it.each<[string, unknown]>([
    ["nothing", null],
    ["a number", 7],
    ["an unknown type", { type: "shout", delta: "!" }],
    ["a type of Object's own", { type: "constructor" }],
    ["a delta that is no string", { type: "text.delta", delta: 7 }],
    ["a call without a name", { type: "tool.call", callId: "c", arguments: {} }],
    ["a part of an unknown kind", { type: "content", content: { type: "smell" } }],
    ["a part that JSON cannot hold", { type: "content", content: { type: "data", data: { size: 1n } } }],
    ["usage that is not numbers", { type: "usage", usage: { input_tokens: "many" } }],
  ])("refuses %s with a sentence", (_what, output) => {
    expect(() => narrate([output as AgentOutput])).toThrow(expect.objectContaining({ code: "internal" }));
  });

  it("numbers events from 0 without gaps, opens each message before its parts and ends it once", () => {
    fc.assert(
      fc.property(fc.array(outputs), endings, (said, ending) => {
        const events = narrate(said, ending);
        expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
        const open = new Set<string>();
        for (const event of events) {
          if (event.object === "message" && event.status === "in_progress") open.add(event.id);
          else if (event.object === "message") expect(open.delete(event.id)).toBe(true);
          else if (event.object === "content") expect(open.has(event.msg_id ?? "")).toBe(true);
        }
        expect(open.size).toBe(0);
        expect(events.filter(({ object }) => object === "response")).toHaveLength(3);
      }),
    );
  });

  it("folds to the same output that its last event carries", () => {
    fc.assert(
      fc.property(fc.array(outputs), endings, (said, ending) => {
        const events = narrate(said, ending);
        const last = events.at(-1);
        expect(foldEvents(events)).toEqual(last);
        const output: Message[] = foldEvents(events.slice(0, -1))?.output ?? [];
        expect(last).toMatchObject({ output });
      }),
    );
  });

  it("shows the same on AgentScope's web page, part by part, as at the end", () => {
    fc.assert(
      fc.property(fc.array(outputs), endings, (said, ending) => {
        const events = narrate(said, ending);
        const parts = events.filter(
          (event) => event.object === "content" || (event.object === "message" && event.status === "in_progress"),
        );
        const messages = events.filter((event) => event.object === "message");
        expect(asTheWebPageShows(parts)).toEqual(asTheWebPageShows(messages));
      }),
    );
  });
});
