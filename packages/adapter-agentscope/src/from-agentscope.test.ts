import { Narrator } from "@agentscope-runtime/core";
import type { AgentOutput } from "@agentscope-runtime/core";
import fc from "fast-check";
import { fromAgentScope } from "./index.ts";
import type { FromAgentScopeOptions } from "./index.ts";

interface Event {
  readonly type: string;
  readonly [field: string]: unknown;
}

const replyId = "reply-1";
const text = (delta: string, blockId = "b1"): Event => ({ type: "TEXT_BLOCK_DELTA", replyId, blockId, delta });
const thought = (delta: string, blockId = "t1"): Event => ({ type: "THINKING_BLOCK_DELTA", replyId, blockId, delta });
const start = (toolCallId: string, toolCallName = "look"): Event => ({
  type: "TOOL_CALL_START",
  replyId,
  toolCallId,
  toolCallName,
});
const piece = (toolCallId: string, delta: string): Event => ({ type: "TOOL_CALL_DELTA", replyId, toolCallId, delta });
const end = (toolCallId: string): Event => ({ type: "TOOL_CALL_END", replyId, toolCallId });
const result = (toolCallId: string, toolCallName?: string): Event => ({
  type: "TOOL_RESULT_START",
  replyId,
  toolCallId,
  ...(toolCallName === undefined ? {} : { toolCallName }),
});
const answer = (toolCallId: string, delta: string): Event => ({
  type: "TOOL_RESULT_TEXT_DELTA",
  replyId,
  toolCallId,
  delta,
});
const ended = (toolCallId: string, state = "success"): Event => ({
  type: "TOOL_RESULT_END",
  replyId,
  toolCallId,
  state,
});
const modelStarted: Event = { type: "MODEL_CALL_STARTED", replyId, modelName: "m" };
const modelEnded = (inputTokens: unknown = 0, outputTokens: unknown = 0): Event => ({
  type: "MODEL_CALL_ENDED",
  replyId,
  inputTokens,
  outputTokens,
});
const finished: Event = { type: "RUN_FINISHED", replyId, sessionId: "" };
const block = (id: string, name: string, input = "{}"): object => ({ type: "tool_call", id, name, input });

async function* stream(events: readonly Event[], thrown?: Error): AsyncGenerator<Event> {
  for (const event of events) yield await Promise.resolve(event);
  if (thrown !== undefined) throw thrown;
}

async function read(events: readonly Event[], options?: FromAgentScopeOptions): Promise<AgentOutput[]> {
  return Array.fromAsync(fromAgentScope(stream(events), options));
}

/** Reads a stream that breaks: what was told, and what was thrown. */
async function readBroken(events: readonly Event[], thrown: Error): Promise<{ told: AgentOutput[]; error: unknown }> {
  const told: AgentOutput[] = [];
  try {
    for await (const output of fromAgentScope(stream(events, thrown))) told.push(output);
    return { told, error: undefined };
  } catch (error) {
    return { told, error };
  }
}

describe("fromAgentScope", () => {
  it("tells text and reasoning in their order, although the blocks end in a burst", async () => {
    const burst = ["TEXT_BLOCK_END", "THINKING_BLOCK_END"].map((type) => ({ type, replyId, blockId: "b1" }));
    const events = [
      modelStarted,
      thought("Let me "),
      thought("see."),
      text("It is "),
      text("so."),
      ...burst,
      modelEnded(3, 4),
    ];
    expect(await read([...events, finished])).toEqual([
      { type: "reasoning.delta", delta: "Let me " },
      { type: "reasoning.delta", delta: "see." },
      { type: "text.delta", delta: "It is " },
      { type: "text.delta", delta: "so." },
      { type: "usage", usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } },
    ]);
  });

  it("makes two messages of two blocks that follow each other, and one of a block around a call", async () => {
    expect(await read([text("one", "b1"), text("two", "b2")])).toEqual([
      { type: "text.delta", delta: "one" },
      { type: "message.end" },
      { type: "text.delta", delta: "two" },
    ]);
    const around = await read([
      modelStarted,
      text("a"),
      start("c1"),
      piece("c1", "{}"),
      text("b"),
      end("c1"),
      modelEnded(),
    ]);
    expect(around.filter((output) => typeof output === "object" && output.type === "message.end")).toEqual([]);
    expect(around).toContainEqual({ type: "text.delta", delta: "b" });
  });

  it("gives a call its arguments in pieces and whole, with `{}` for none", async () => {
    const told = await read([
      modelStarted,
      start("c1"),
      piece("c1", '{"a"'),
      piece("c1", ":1}"),
      start("c2"),
      end("c1"),
      end("c2"),
    ]);
    expect(told).toEqual([
      { type: "tool.call.delta", callId: "c1", name: "look", delta: "" },
      { type: "tool.call.delta", callId: "c1", name: "look", delta: '{"a"' },
      { type: "tool.call.delta", callId: "c1", name: "look", delta: ":1}" },
      { type: "tool.call.delta", callId: "c2", name: "look", delta: "" },
      { type: "tool.call", callId: "c1", name: "look", arguments: '{"a":1}' },
      { type: "tool.call", callId: "c2", name: "look", arguments: "{}" },
    ]);
  });

  it("tells a call that no event told before its result, once", async () => {
    const told = await read([
      modelStarted,
      modelEnded(),
      result("c1", "now"),
      answer("c1", "noon"),
      ended("c1"),
      finished,
    ]);
    expect(told).toEqual([
      { type: "tool.call.delta", callId: "c1", name: "now", delta: "" },
      { type: "tool.call.delta", callId: "c1", name: "now", delta: "{}" },
      { type: "tool.call", callId: "c1", name: "now", arguments: "{}" },
      { type: "tool.result", callId: "c1", name: "now", output: "noon" },
    ]);
  });

  it("does not tell a call of an earlier run again", async () => {
    const told = await read([
      result("c1", "pay"),
      answer("c1", "paid"),
      ended("c1"),
      modelStarted,
      text("Done."),
      finished,
    ]);
    expect(told).toEqual([
      { type: "tool.result", callId: "c1", name: "pay", output: "paid" },
      { type: "text.delta", delta: "Done." },
    ]);
  });

  it("tells a result once, however often it ends, and what there was so far while it grows", async () => {
    const big = "x".repeat(100);
    const chunks = [big, big, big].flatMap((delta) => [answer("c1", delta), ended("c1", "running")]);
    const told = await read([result("c1", "log"), ...chunks, text("Done.")]);
    expect(told).toEqual([
      { type: "tool.result", callId: "c1", name: "log", output: big, preliminary: true },
      { type: "tool.result", callId: "c1", name: "log", output: big + big, preliminary: true },
      { type: "tool.result", callId: "c1", name: "log", output: big + big + big },
      { type: "text.delta", delta: "Done." },
    ]);
  });

  it("spends no more than a few times the result on what there was so far", async () => {
    const chunks = Array.from({ length: 2000 }, () => [answer("c1", "ten chars!"), ended("c1", "running")]).flat();
    const told = await read([result("c1", "log"), ...chunks]);
    const size = told.reduce((sum, output) => sum + JSON.stringify(output).length, 0);
    expect(size).toBeLessThan(6 * 20_000);
    expect(told.at(-1)).toMatchObject({ output: "ten chars!".repeat(2000) });
  });

  it("ends a result when the next one begins, and at the end of the stream", async () => {
    const told = await read([result("c1", "a"), answer("c1", "A"), ended("c1"), result("c2", "b"), answer("c2", "B")]);
    expect(told).toEqual([
      { type: "tool.result", callId: "c1", name: "a", output: "A" },
      { type: "tool.result", callId: "c2", name: "b", output: "B" },
    ]);
  });

  it("takes a tool that yields nothing for one that answers nothing", async () => {
    expect(await read([result("c1", "a"), modelStarted])).toEqual([
      { type: "tool.result", callId: "c1", name: "a", output: "" },
    ]);
  });

  it.each([
    ["error", true],
    ["interrupted", true],
    ["running", undefined],
    ["success", undefined],
  ])("reads the state %s of a result's last end", async (state, isError) => {
    const [told] = await read([result("c1", "a"), answer("c1", "x"), ended("c1", "running"), ended("c1", state)]);
    expect(told).toEqual({ type: "tool.result", callId: "c1", name: "a", output: "x", ...(isError && { isError }) });
  });

  it("names a call that was refused, although its event does not", async () => {
    const events = [result("c1"), answer("c1", "No."), ended("c1", "interrupted")];
    const refused = { type: "tool.result", callId: "c1", output: "No.", isError: true };
    expect(await read(events)).toEqual([refused]);
    expect(await read(events, { callNames: new Map([["c1", "pay"]]) })).toEqual([{ ...refused, name: "pay" }]);
  });

  it("gives images and files of a result as a ToolResult, and addresses as text", async () => {
    const binary = (fields: object): Event => ({
      type: "TOOL_RESULT_BINARY_DELTA",
      replyId,
      toolCallId: "c1",
      ...fields,
    });
    const image = binary({ mediaType: "image/png", data: "AAAA" });
    const [told] = await read([result("c1", "a"), answer("c1", "Here:"), image, ended("c1")]);
    expect(told).toMatchObject({
      output: {
        content: [
          { type: "text", text: "Here:" },
          { type: "image", data: "AAAA", mediaType: "image/png" },
        ],
        isError: false,
      },
    });
    const url = binary({ mediaType: "image/png", url: "https://example.com/a.png" });
    const [named] = await read([result("c1", "a"), answer("c1", "Here:"), url, ended("c1")]);
    expect(named).toMatchObject({ output: "Here:\nhttps://example.com/a.png" });
  });

  it("asks for each call of a pause under an id of this reply, and tells calls that no event told", async () => {
    const toolCalls = [block("c1", "pay", '{"to":"bob"}'), block("c2", "now")];
    const told = await read([
      modelStarted,
      start("c1", "pay"),
      end("c1"),
      modelEnded(),
      { type: "REQUIRE_USER_CONFIRM", replyId, toolCalls },
    ]);
    expect(told.slice(2)).toEqual([
      { type: "approval.request", id: "c1~reply-1", name: "pay", arguments: '{"to":"bob"}' },
      { type: "tool.call.delta", callId: "c2", name: "now", delta: "" },
      { type: "tool.call.delta", callId: "c2", name: "now", delta: "{}" },
      { type: "tool.call", callId: "c2", name: "now", arguments: "{}" },
      { type: "approval.request", id: "c2~reply-1", name: "now", arguments: "{}" },
    ]);
  });

  it("gives calls of external tools to the client, from their first piece on", async () => {
    const pause = { type: "REQUIRE_EXTERNAL_EXECUTION", replyId, toolCalls: [block("c1", "ask", '{"q":1}')] };
    const events = [modelStarted, start("c1", "ask"), piece("c1", '{"q":1}'), end("c1"), modelEnded(), pause];
    const told = await read(events, { isExternal: (name) => name === "ask" });
    expect(told).toHaveLength(3);
    for (const output of told) expect(output).toMatchObject({ callId: "c1", kind: "function" });
    // Nobody has said before that it is external: it is told again, or the client would not run it.
    expect((await read(events)).at(-1)).toEqual({
      type: "tool.call",
      callId: "c1",
      name: "ask",
      arguments: '{"q":1}',
      kind: "function",
    });
  });

  it("reports no usage where the model told none, and no number that is none", async () => {
    expect(await read([modelEnded(0, 0)])).toEqual([]);
    expect(await read([modelEnded(Number.NaN, 5)])).toEqual([
      { type: "usage", usage: { output_tokens: 5, total_tokens: 5 } },
    ]);
    expect(await read([modelEnded(-3, "many")])).toEqual([]);
  });

  it("joins the pieces of something that the model makes", async () => {
    const delta = (data: string): Event => ({
      type: "BINARY_BLOCK_DELTA",
      replyId,
      blockId: "x",
      data,
      mediaType: "audio/wav",
    });
    expect(await read([delta("UklG"), delta("Rg=="), { type: "BINARY_BLOCK_END", replyId, blockId: "x" }])).toEqual([
      { type: "content", content: { type: "audio", data: "data:audio/wav;base64,UklGRg==", format: "wav" } },
    ]);
  });

  it("passes over events that it does not know, and says when there were too many turns", async () => {
    const unknown = { type: "CUSTOM", replyId, toolCallId: "c1" };
    expect(await read([unknown, text("a"), unknown, text("b"), { type: "EXCEED_MAX_ITERS", replyId }])).toEqual([
      { type: "text.delta", delta: "a" },
      { type: "text.delta", delta: "b" },
      { type: "incomplete", reason: "max_iterations" },
    ]);
  });

  it("tells a result that had ended before the stream broke, and leaves calls unfinished", async () => {
    const thrown = Object.assign(new Error("key sk-123 is wrong"), { status: 401 });
    const whole = await readBroken([result("c1", "a"), answer("c1", "A"), ended("c1")], thrown);
    expect(whole.told).toEqual([{ type: "tool.result", callId: "c1", name: "a", output: "A" }]);
    expect(whole.error).toMatchObject({ code: "unavailable", message: "The model is not available." });
    const cut = await readBroken(
      [modelStarted, start("c1"), piece("c1", '{"a'), result("c0", "b"), answer("c0", "half")],
      thrown,
    );
    expect(cut.told.filter((output) => typeof output === "object" && output.type === "tool.result")).toEqual([]);
    expect(cut.told).not.toContainEqual(expect.objectContaining({ type: "tool.call", callId: "c1" }));
  });

  it("returns the agent's generator when the loop is left", async () => {
    let isReturned = false;
    async function* events(): AsyncGenerator<Event> {
      try {
        for (;;) yield await Promise.resolve(text("on and on"));
      } finally {
        isReturned = true;
      }
    }
    for await (const _ of fromAgentScope(events())) break;
    expect(isReturned).toBe(true);
  });

  it("never yields what the narrator refuses, nor loses text, whatever order events come in", async () => {
    const id = fc.constantFrom("c1", "c2", "c3");
    const event = fc.oneof(
      fc.tuple(fc.string(), fc.constantFrom("b1", "b2")).map(([delta, blockId]) => text(delta, blockId)),
      fc.string().map((delta) => thought(delta)),
      id.map((callId) => start(callId)),
      fc.tuple(id, fc.string()).map(([callId, delta]) => piece(callId, delta)),
      id.map(end),
      id.map((callId) => result(callId, "look")),
      fc.tuple(id, fc.string()).map(([callId, delta]) => answer(callId, delta)),
      fc
        .tuple(id, fc.constantFrom("running", "success", "error", "interrupted"))
        .map(([callId, state]) => ended(callId, state)),
      fc.constantFrom(modelStarted, modelEnded(1, 1), finished),
      id.map((callId): Event => ({ type: "REQUIRE_USER_CONFIRM", replyId, toolCalls: [block(callId, "look")] })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        const narrator = new Narrator({ runId: "r", sessionId: "s" });
        narrator.begin();
        for (const output of await read(events)) narrator.tell(output);
        narrator.close();
        const said = narrator.output.filter(({ type }) => type === "message").flatMap(({ content }) => content ?? []);
        const expected = events.filter(({ type }) => type === "TEXT_BLOCK_DELTA").map(({ delta }) => String(delta));
        expect(said.map((part) => (part.type === "text" ? part.text : "")).join("")).toBe(expected.join(""));
      }),
      { numRuns: 200 },
    );
  });
});
