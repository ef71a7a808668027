import { AgentApp, Narrator } from "@agentscope-runtime/core";
import type { AgentOutput, Ending } from "@agentscope-runtime/core";
import { callHandler, eventsOf, jsonOf } from "@agentscope-runtime/core/testing";
import type { AgentEvent, AgentResponse, Content, Message } from "@agentscope-runtime/protocol";
import * as fc from "fast-check";
import { ResponseStream } from "openai/lib/responses/ResponseStream";
import { ChatStory } from "./chat-story.ts";
import type { ChatDelta } from "./chat-story.ts";
import { openAi } from "./index.ts";
import { dataOf, textField } from "./message-data.ts";
import type { OutputItem } from "./output-item.ts";
import type { OutputPart } from "./output-part.ts";
import { ResponseStory } from "./response-story.ts";
import type { ResponseEvent } from "./response-story.ts";

const words = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom("", "data: [DONE]\n\n", "é\u2028👩🏽‍🚀"));
const callId = fc.constantFrom("a", "b", "c");
const kind = fc.constantFrom("plugin" as const, "mcp" as const);
const parts = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant("text" as const), text: words }),
    fc.record({ type: fc.constant("refusal" as const), refusal: words }),
    fc.record({ type: fc.constant("image" as const), image_url: words }),
    fc.record({
      type: fc.constant("data" as const),
      data: fc.dictionary(fc.constantFrom("call_id", "name", "output", "id"), fc.jsonValue()),
    }),
  ),
  { maxLength: 3 },
);
const anyOutput: fc.Arbitrary<AgentOutput> = fc.oneof(
  { weight: 4, arbitrary: words },
  fc.record({ type: fc.constant("reasoning.delta" as const), delta: words }),
  fc.record({ type: fc.constant("refusal.delta" as const), delta: words }),
  fc.record({
    type: fc.constant("tool.call.delta" as const),
    callId,
    name: words,
    delta: fc.string({ maxLength: 200 }),
    kind,
  }),
  fc.record({ type: fc.constant("tool.call" as const), callId, name: words, arguments: fc.jsonValue(), kind }),
  fc.record({
    type: fc.constant("tool.result" as const),
    callId,
    output: fc.jsonValue(),
    preliminary: fc.boolean(),
    isError: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("content" as const),
    content: fc.oneof(
      fc.record({ type: fc.constant("image" as const), image_url: words }),
      fc.record({ type: fc.constant("file" as const), file_data: words, filename: words }),
      fc.record({ type: fc.constant("text" as const), text: words }),
    ),
  }),
  fc.record({ type: fc.constant("message.end" as const) }),
  fc.record({
    type: fc.constant("approval.request" as const),
    id: fc.constantFrom("x", "y"),
    name: words,
    arguments: fc.jsonValue(),
  }),
  fc.record({
    type: fc.constant("message" as const),
    message: fc.record({
      type: fc.constantFrom(
        "message" as const,
        "reasoning" as const,
        "component_call" as const,
        "component_call_output" as const,
        "mcp_list_tools" as const,
        "a2ui_action" as const,
        "heartbeat" as const,
        "function_call_output" as const,
      ),
      role: fc.constantFrom("assistant" as const, "user" as const),
      content: parts,
    }),
  }),
);
/** Calls for the client have ids of their own: nobody could tell two answers apart otherwise. */
const clientCalls = fc.array(fc.tuple(fc.nat(), fc.record({ name: words, arguments: fc.jsonValue() })), {
  maxLength: 2,
});
const outputs = fc.tuple(fc.array(anyOutput, { maxLength: 14 }), clientCalls).map(([told, calls]) => {
  const all = [...told];
  for (const [index, [place, call]] of calls.entries()) {
    all.splice(place % (all.length + 1), 0, {
      type: "tool.call",
      callId: `client-${index}`,
      kind: "function",
      ...call,
    });
  }
  return all;
});
const ending = fc.constantFrom<(Ending | undefined)[]>(
  undefined,
  undefined,
  { status: "canceled" },
  { status: "failed", error: { code: "internal", message: "no" } },
  { status: "incomplete", reason: "wall_time" },
);

const facts = { runId: "r1", agent: "agent", asked: {} };

/** Closing leaves calls open that have no arguments yet, so a run may end at any point. */
function narrate(told: readonly AgentOutput[], how: Ending | undefined): AgentEvent[] {
  const narrator = new Narrator({ runId: "r1", sessionId: "s1", now: () => 1_000 });
  const events = narrator.begin();
  for (const one of told) events.push(...narrator.tell(one));
  return [...events, ...narrator.close(how), narrator.end(how)];
}

function endOf(events: readonly AgentEvent[]): AgentResponse {
  const last = events.at(-1);
  if (last?.object !== "response") throw new Error("A run ends with its response.");
  return last;
}

/** What the messages of one type say, each as one text: those that say something. */
function said({ output }: AgentResponse, type: Message["type"], voices: readonly ("text" | "refusal")[]): string[] {
  const messages = (output ?? []).filter((message) => message.type === type);
  const heard = (part: Content): string => {
    if (part.type === "text" && voices.includes("text")) return part.text ?? "";
    return part.type === "refusal" && voices.includes("refusal") ? (part.refusal ?? "") : "";
  };
  return messages.map(({ content }) => (content ?? []).map(heard).join("")).filter((whole) => whole !== "");
}

interface Story {
  readonly text: readonly string[];
  readonly refusals: readonly string[];
  readonly reasoning: readonly string[];
  readonly calls: readonly (readonly string[])[];
}

/** What our own wire tells of a run, as far as all doors can tell it. */
function ourStory(end: AgentResponse): Story {
  const calls = (end.output ?? []).filter(({ type }) => type === "function_call").map(dataOf);
  return {
    text: said(end, "message", ["text"]),
    refusals: said(end, "message", ["refusal"]),
    reasoning: said(end, "reasoning", ["text", "refusal"]),
    calls: calls.map((data) => ["call_id", "name", "arguments"].map((name) => textField(data, name))),
  };
}

function itemsStory(items: readonly OutputItem[], { output }: AgentResponse): Story {
  // Of the items that speak, those of messages: the others are for clients of their own.
  const types = (output ?? []).map(({ type }) => type).filter((type) => type === "message" || type === "a2ui_action");
  const speech = items.filter((item) => item.type === "message").filter((_item, index) => types[index] === "message");
  const present = (whole: string): boolean => whole !== "";
  const heard = (hear: (part: OutputPart) => string): string[] =>
    speech.map(({ content }) => content.map(hear).join("")).filter(present);
  return {
    text: heard((part) => (part.type === "output_text" ? part.text : "")),
    refusals: heard((part) => (part.type === "refusal" ? part.refusal : "")),
    reasoning: items
      .flatMap((item) => (item.type === "reasoning" ? [item.summary.map((part) => part.text).join("")] : []))
      .filter(present),
    calls: items.flatMap((item) => (item.type === "function_call" ? [[item.call_id, item.name, item.arguments]] : [])),
  };
}

function chatStory(deltas: readonly ChatDelta[]): object {
  const join = (voice: string): string =>
    deltas.map((delta) => (delta as Readonly<Record<string, string>>)[voice] ?? "").join("");
  const calls = deltas.flatMap((delta) =>
    "tool_calls" in delta ? delta.tool_calls.map((call) => [call.id, call.function.name, call.function.arguments]) : [],
  );
  return { text: join("content"), refusals: join("refusal"), reasoning: join("reasoning_content"), calls };
}

function streamOf(
  told: readonly AgentOutput[],
  how: Ending | undefined,
): { readonly run: AgentEvent[]; readonly events: ResponseEvent[] } {
  const run = narrate(told, how);
  const story = new ResponseStory(facts);
  return { run, events: run.flatMap((event) => story.tell(event)) };
}

/** The response that the last event carries. */
function responseIn(events: readonly ResponseEvent[]): {
  readonly output: readonly OutputItem[];
  readonly status: string;
} {
  return events.at(-1)?.["response"] as { output: readonly OutputItem[]; status: string };
}

describe("A response", () => {
  it("tells what our own wire tells, whole and as a stream", () => {
    fc.assert(
      fc.property(outputs, ending, (told, how) => {
        const { run, events } = streamOf(told, how);
        const { output: items } = responseIn(events);
        expect(itemsStory(items, endOf(run))).toEqual(ourStory(endOf(run)));
        // What was streamed is what is found later.
        expect(new ResponseStory(facts).tellAll(endOf(run))).toEqual(responseIn(events));
        const done = events.filter(({ type }) => type === "response.output_item.done");
        const byIndex = done.toSorted((a, b) => Number(a["output_index"]) - Number(b["output_index"]));
        expect(byIndex.map((event) => event["item"])).toEqual(items);
      }),
      { numRuns: 400 },
    );
  });

  it("has a stream whose deltas add up, numbered without gaps", () => {
    fc.assert(
      fc.property(outputs, ending, (told, how) => {
        const { events } = streamOf(told, how);
        expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_event, index) => index));
        const sums = new Map<string, string>();
        for (const {
          type,
          item_id,
          content_index,
          summary_index,
          delta,
          text: whole,
          refusal,
          arguments: given,
        } of events) {
          const place = JSON.stringify([item_id, content_index, summary_index]);
          if (type.endsWith(".delta")) sums.set(place, (sums.get(place) ?? "") + String(delta));
          if (/(text|refusal|arguments)\.done$/.test(type))
            expect(whole ?? refusal ?? given).toBe(sums.get(place) ?? "");
        }
      }),
      { numRuns: 400 },
    );
  });

  it("has a stream that OpenAI's client takes as it is", async () => {
    await fc.assert(
      fc.asyncProperty(outputs, ending, async (told, how) => {
        const { events } = streamOf(told, how);
        const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
        const stream = ResponseStream.fromReadableStream(new Blob([lines]).stream() as ReadableStream);
        const { output: items, status } = responseIn(events);
        expect(await stream.finalResponse()).toMatchObject({ status, output: items });
      }),
      { numRuns: 300 },
    );
  }, 30_000);

  it("has all tools that were called, each with its answer", () => {
    fc.assert(
      fc.property(outputs, (told) => {
        const { run, events } = streamOf(told, undefined);
        const tools = responseIn(events).output.filter((item) => item.type === "mcp_call");
        const { output: messages } = endOf(run);
        const calls = (messages ?? []).filter(({ type }) =>
          ["plugin_call", "mcp_call", "component_call"].includes(type),
        );
        const answers = (messages ?? []).filter(({ type }) =>
          ["plugin_call_output", "mcp_call_output", "component_call_output"].includes(type),
        );
        expect(tools.length).toBeGreaterThanOrEqual(calls.length);
        expect(tools.filter(({ output: answer, error }) => answer !== null || error !== null)).toHaveLength(
          answers.length,
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe("A completion", () => {
  it("tells what our own wire tells, whole and as a stream: messages are its paragraphs", () => {
    fc.assert(
      fc.property(outputs, ending, (told, how) => {
        const run = narrate(told, how);
        const story = new ChatStory();
        const streamed = run.flatMap((event) => story.tell(event));
        const { text: texts, refusals, reasoning, calls } = ourStory(endOf(run));
        const join = (all: readonly string[]): string => all.join("\n\n");
        expect(chatStory(streamed)).toEqual({
          text: join(texts),
          refusals: join(refusals),
          reasoning: join(reasoning),
          calls,
        });
        expect(chatStory(new ChatStory().tellAll(endOf(run)))).toEqual(chatStory(streamed));
      }),
      { numRuns: 400 },
    );
  });
});

describe("One run at three doors", () => {
  it("is the same story", async () => {
    let told: readonly AgentOutput[] = [];
    await using app = new AgentApp({ query: () => told, gateways: [openAi()] });
    await app.start();
    const messages = [{ role: "user", content: "hi" }];
    await fc.assert(
      fc.asyncProperty(outputs, fc.boolean(), async (random, byChat) => {
        // The same question twice is one question of a session; here each run has its own.
        told = random.filter((one) => typeof one === "string" || one.type !== "approval.request");
        const begin = byChat
          ? { path: "/v1/chat/completions", body: { model: "m", messages } }
          : { path: "/v1/responses", body: { model: "m", input: "hi" } };
        const { id } = jsonOf(await callHandler(app.handle, begin)) as { id: string };
        const run = await Array.fromAsync(
          eventsOf(await callHandler(app.handle, { method: "GET", path: `/runs/${id}/events` })),
        );
        const found = jsonOf(await callHandler(app.handle, { method: "GET", path: `/v1/responses/${id}` })) as {
          output: OutputItem[];
        };
        expect(itemsStory(found.output, endOf(run))).toEqual(ourStory(endOf(run)));
      }),
      { numRuns: 150 },
    );
  }, 30_000);
});
