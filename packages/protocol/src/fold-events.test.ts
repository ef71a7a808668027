import * as fc from "fast-check";
import { agentEventSchema } from "./agent-event.ts";
import type { AgentEvent } from "./agent-event.ts";
import type { AgentResponse } from "./agent-response.ts";
import { contentSchema } from "./content.ts";
import type { Content, ContentInput } from "./content.ts";
import { foldEvent, foldEvents } from "./fold-events.ts";
import { messageSchema } from "./message.ts";
import type { Message } from "./message.ts";

/** A part as a model makes it: the pieces it arrives in, and the whole they add up to. */
interface Part {
  readonly pieces: readonly ContentInput[];
  readonly whole: ContentInput;
}

const texts = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 4 });
const anyPart: fc.Arbitrary<Part> = fc.oneof(
  texts.map((all) => ({
    pieces: all.map((text) => ({ type: "text" as const, text })),
    whole: { type: "text" as const, text: all.join("") },
  })),
  texts.map((all) => ({
    pieces: all.map((refusal) => ({ type: "refusal" as const, refusal })),
    whole: { type: "refusal" as const, refusal: all.join("") },
  })),
  texts.map((all) => ({
    pieces: [
      { type: "data" as const, data: { call_id: "c", name: "tool" } },
      ...all.map((piece) => ({ type: "data" as const, data: { arguments: piece } })),
    ],
    whole: { type: "data" as const, data: { call_id: "c", name: "tool", arguments: all.join("") } },
  })),
  fc.webUrl().map((image_url) => {
    const whole = { type: "image" as const, image_url };
    return { pieces: [whole], whole };
  }),
);

const anyMessage = fc.record({
  type: fc.constantFrom("message", "reasoning", "plugin_call", "mcp_call_output"),
  parts: fc.array(anyPart, { minLength: 1, maxLength: 3 }),
  /** The Python runtime's adapters leave some of these out. */
  announced: fc.boolean(),
  partsCompleted: fc.boolean(),
});
const plan = fc.array(anyMessage, { maxLength: 4 });
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

function eventsOfMessage({ type, parts, announced, partsCompleted }: Plan[number], id: string): AgentEvent[] {
  const fields = { object: "message", id, type, role: "assistant" } as const;
  const contents = parts.map(({ whole }, index) => completed(whole, id, index));
  const streamed = parts.flatMap(({ pieces }, index): AgentEvent[] => {
    const deltas = pieces.map((piece) => contentSchema.parse({ ...piece, ...running, index, msg_id: id }));
    const [whole] = contents.slice(index);
    return partsCompleted && whole !== undefined ? [...deltas, whole] : deltas;
  });
  return [
    ...(announced ? [messageSchema.parse({ ...fields, status: "in_progress" })] : []),
    ...streamed,
    messageSchema.parse({ ...fields, status: "completed", content: contents }),
  ];
}

const running = { status: "in_progress", delta: true } as const;

function completed(whole: ContentInput, id: string, index: number): Content {
  return contentSchema.parse({ ...whole, status: "completed", delta: false, index, msg_id: id });
}

/** A stream in the order that every runtime of this wire sends: the last event is the whole answer. */
function streamOf(messages: Plan): AgentEvent[] {
  const response = { object: "response", id: "r1", created_at: 1, session_id: "s1" } as const;
  const told = [
    agentEventSchema.parse({ ...response, status: "created" }),
    agentEventSchema.parse({ ...response, status: "in_progress" }),
    ...messages.flatMap((each, index) => eventsOfMessage(each, `msg_${index}`)),
  ].map((event, sequence_number) => ({ ...event, sequence_number }));
  const output = told.filter((event) => event.object === "message" && event.status === "completed");
  const end = { status: "completed", completed_at: 2, usage: { total_tokens: 3 }, output } as const;
  return [...told, agentEventSchema.parse({ ...response, ...end, sequence_number: told.length })];
}

function lastOf(events: readonly AgentEvent[]): AgentResponse {
  const last = events.at(-1);
  if (last?.object !== "response") throw new Error("A stream ends with its response.");
  return last;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}

const content = (fields: ContentInput): Content => contentSchema.parse({ msg_id: "m1", ...fields });
const said = (fields: Partial<Message>): Message => messageSchema.parse({ id: "m1", role: "assistant", ...fields });
const say = (index: number, text: string): Content => content({ type: "text", text, delta: true, index });
const partsOf = (response: AgentResponse | undefined): unknown => response?.output?.map((each) => each.content);
const fold = (...parts: Content[]): unknown => partsOf(foldEvents([said({ status: "in_progress" }), ...parts]));

describe("foldEvents over a whole stream", () => {
  it("is its last event", () => {
    fc.assert(
      fc.property(plan.map(streamOf), (events) => {
        expect(foldEvents(events)).toEqual(events.at(-1));
      }),
    );
  });

  it("has the same output when the last event does not carry it", () => {
    fc.assert(
      fc.property(plan.map(streamOf), (events) => {
        const { output } = lastOf(events);
        const bare = events.map((event) => (event.object === "response" ? { ...event, output: null } : event));
        expect(foldEvents(bare)?.output ?? []).toEqual(output);
      }),
    );
  });

  it("has the same parts when deltas are all there is", () => {
    fc.assert(
      fc.property(plan, (messages) => {
        const events = streamOf(messages).filter((event) => event.status === "in_progress");
        const wholes = messages.map(({ parts }) => parts.map(({ whole }) => whole));
        expect(partsOf(foldEvents(events)) ?? []).toMatchObject(wholes);
      }),
    );
  });

  it("never changes what it is given", () => {
    fc.assert(
      fc.property(plan.map(streamOf), (events) => {
        let response: AgentResponse | undefined;
        for (const event of events) response = deepFreeze(foldEvent(response, deepFreeze(event)));
        expect(response).toEqual(events.at(-1));
      }),
    );
  });

  it("can be joined anywhere, and ends in the same answer", () => {
    fc.assert(
      fc.property(plan.map(streamOf), fc.nat(), (events, from) => {
        const rest = events.slice(from % events.length);
        for (let end = 1; end < rest.length; end += 1) {
          expect(foldEvents(rest.slice(0, end))).toMatchObject({ object: "response" });
        }
        expect(foldEvents(rest)).toEqual(events.at(-1));
      }),
    );
  });

  it("is undefined when there was no event", () => {
    expect(foldEvents([])).toBeUndefined();
  });
});

describe("foldEvent, for a response", () => {
  it("takes every field but the output, which stays until there is another", () => {
    const before = foldEvents([agentEventSchema.parse({ object: "response", id: "r", created_at: 1 }), said({})]);
    const failure = { status: "failed", error: { code: "internal", message: "Internal error." } };
    const failed = agentEventSchema.parse({ object: "response", id: "r", created_at: 1, ...failure });
    expect(foldEvent(before, failed)).toMatchObject({ ...failure, output: [{ id: "m1" }] });
    expect(foldEvent(before, { ...failed, output: [] } as AgentResponse).output).toEqual([]);
  });
});

describe("foldEvent, for a message", () => {
  it("merges it by id, and keeps the content when it brings none", () => {
    const before = foldEvents([said({ status: "in_progress" }), content({ type: "text", text: "Hi", delta: true })]);
    for (const nothing of [null, []]) {
      const after = foldEvent(before, said({ status: "completed", content: nothing, usage: { total_tokens: 1 } }));
      expect(after.output).toMatchObject([
        { id: "m1", status: "completed", usage: { total_tokens: 1 }, content: [{ text: "Hi" }] },
      ]);
    }
  });

  it("leaves heartbeats out, also when one comes first", () => {
    const heartbeat = said({ id: "h", type: "heartbeat" });
    const before = foldEvents([said({})]);
    expect(foldEvent(before, heartbeat)).toBe(before);
    expect(foldEvents([heartbeat])).toMatchObject({ output: null });
  });

  it("leaves messages that an event is not about as they are, for views that compare by identity", () => {
    const before = foldEvents([said({ id: "m0" }), said({ id: "m1" })]);
    const after = foldEvent(before, content({ type: "text", text: "Hi", delta: true }));
    expect(after.output?.[0]).toBe(before?.output?.[0]);
    expect(after.output?.[1]).not.toBe(before?.output?.[1]);
  });
});

describe("foldEvent, for content", () => {
  it.each([
    ["with an index", 0],
    ["without one", null],
  ])("appends text and refusals, and replaces them by the completed part, %s", (_, index) => {
    const deltas = ["He", "", "llo"].map((text) => content({ type: "text", text, delta: true, index }));
    expect(fold(...deltas)).toMatchObject([[{ text: "Hello" }]]);
    for (const delta of [false, null]) {
      const whole = content({ type: "text", text: "Hello!", delta, index });
      expect(fold(...deltas, whole)).toEqual([[whole]]);
    }
    const refusals = ["No", "."].map((refusal) => content({ type: "refusal", refusal, delta: true, index }));
    expect(fold(...refusals)).toMatchObject([[{ refusal: "No." }]]);
  });

  it("takes text that is not there for empty text", () => {
    const deltas = [null, "a", null].map((text) => content({ type: "text", text, delta: true }));
    expect(fold(...deltas)).toMatchObject([[{ text: "a" }]]);
  });

  it("merges data by key: text and lists grow, numbers add up, objects merge, the rest is replaced", () => {
    const first = { text: "a", list: [1], sum: 1, flag: true, inner: { text: "x", only: 1 }, kept: null, mixed: "1" };
    const second = { text: "b", list: [2], sum: 2, flag: false, inner: { text: "y" }, fresh: 1, mixed: 2 };
    const deltas = [first, second].map((data) => content({ type: "data", data, delta: true, index: 0 }));
    expect(fold(...deltas)).toMatchObject([
      [
        {
          data: {
            text: "ab",
            list: [1, 2],
            sum: 3,
            flag: false,
            inner: { text: "xy", only: 1 },
            kept: null,
            fresh: 1,
            mixed: 2,
          },
        },
      ],
    ]);
  });

  it("replaces data that is sent whole over and over", () => {
    const updates = ["", '{"a"', '{"a":1}'].map((text) =>
      content({ type: "data", data: { arguments: text }, index: 0 }),
    );
    expect(fold(...updates)).toEqual([updates.slice(-1)]);
  });

  it("replaces the URL of media", () => {
    const images = ["https://a.example", "https://b.example"].map((image_url) =>
      content({ type: "image", image_url, delta: true, index: 0 }),
    );
    expect(fold(...images)).toEqual([images.slice(-1)]);
  });

  it("does not give merged data another prototype", () => {
    const data = JSON.parse('{"inner":{"__proto__":{"admin":true}}}') as Record<string, unknown>;
    const parts = [{ inner: {} }, data].map((each) => content({ type: "data", data: each, delta: true, index: 0 }));
    const [merged] = foldEvents([said({}), ...parts])?.output?.[0]?.content ?? [];
    const { inner } = (merged?.type === "data" ? merged.data : null) as { inner: { admin?: boolean } };
    expect(inner.admin).toBeUndefined();
    expect(Object.keys(inner)).toEqual(["__proto__"]);
  });

  it("keeps parts that arrive in turns apart by their index", () => {
    expect(fold(say(0, "a"), say(1, "x"), say(0, "b"), say(1, "y"))).toMatchObject([[{ text: "ab" }, { text: "xy" }]]);
  });

  it("finds a part by its index also when the parts before it were missed", () => {
    expect(partsOf(foldEvents([say(3, "a"), say(3, "b")]))).toMatchObject([[{ text: "ab" }]]);
  });

  it("finds a part that has no index by its place", () => {
    const whole = said({ content: ["a", "b"].map((text) => content({ type: "text", text })) });
    const response = foldEvents([whole, say(1, "!"), say(2, "c")]);
    expect(partsOf(response)).toMatchObject([[{ text: "a" }, { text: "b!" }, { text: "c" }]]);
  });

  it("begins a new part, without an index, after a completed one or one of another kind", () => {
    const delta = content({ type: "text", text: "a", delta: true });
    const whole = content({ type: "text", text: "a", status: "completed" });
    const image = content({ type: "image", image_url: "https://a.example", delta: true });
    expect(fold(delta, whole, delta)).toEqual([[whole, delta]]);
    expect(fold(delta, image, delta)).toEqual([[delta, image, delta]]);
    expect(fold(whole, { ...image, delta: false })).toEqual([[whole, { ...image, delta: false }]]);
  });

  it("belongs to the last message when it names none", () => {
    const delta = content({ type: "text", text: "a", delta: true, msg_id: null });
    expect(partsOf(foldEvents([said({ id: "m0" }), said({}), delta, delta]))).toMatchObject([null, [{ text: "aa" }]]);
    expect(partsOf(foldEvents([delta, delta]))).toMatchObject([[{ text: "aa" }]]);
  });

  it.each(["completed", "failed", "canceled"] as const)("is ignored once its message is %s", (status) => {
    const before = foldEvents([said({ status, content: [content({ type: "text", text: "Hi" })] })]);
    expect(foldEvent(before, content({ type: "text", text: "!", delta: true, index: 0 }))).toBe(before);
  });
});
