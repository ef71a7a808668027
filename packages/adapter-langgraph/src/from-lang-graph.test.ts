import type { AgentOutput } from "@agentscope-runtime/core";
import { AIMessage, AIMessageChunk, HumanMessage, ToolMessage } from "@langchain/core/messages";
import type { BaseMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { fromLangGraph } from "./from-lang-graph.ts";
import type { FromLangGraphOptions } from "./from-lang-graph.ts";

async function* streamOf(chunks: readonly unknown[]): AsyncGenerator {
  yield* chunks;
}

const outputsOf = async (chunks: readonly unknown[], options?: FromLangGraphOptions): Promise<AgentOutput[]> =>
  Array.fromAsync(fromLangGraph(streamOf(chunks), options));

/** A chunk of the mode `messages`. */
function told(
  message: BaseMessage,
  metadata: { node?: string; step?: number } = {},
  path: readonly string[] = [],
): unknown {
  const { node = "model", step = 1 } = metadata;
  return [path, "messages", [message, { langgraph_node: node, langgraph_step: step }]];
}

const piece = (id: string, fields: object | string): AIMessageChunk =>
  new AIMessageChunk(typeof fields === "string" ? { id, content: fields } : { id, content: "", ...fields });
const over = (id: string, reason = "stop"): AIMessageChunk =>
  piece(id, { response_metadata: { finish_reason: reason } });
const text = (delta: string): AgentOutput => ({ type: "text.delta", delta });
const end: AgentOutput = { type: "message.end" };

describe("fromLangGraph", () => {
  it("refuses chunks that do not name their mode, and says what to do", async () => {
    for (const chunk of [{ model: {} }, [new AIMessage("hi"), {}], [["path"], { model: {} }], "hi", null]) {
      await expect(outputsOf([chunk])).rejects.toMatchObject({
        code: "invalid_argument",
        message: expect.stringContaining("streamMode"),
      });
    }
  });

  it("reads streams with and without the path of subgraphs, and passes over other modes", async () => {
    const payload = [new AIMessage({ id: "a", content: "hi" }), {}];
    const chunks = [
      ["messages", payload],
      [[], "debug", {}],
      ["tasks", null],
      ["checkpoints", 7],
      ["updates", null],
    ];
    expect(await outputsOf(chunks)).toEqual([text("hi"), end]);
  });

  it("tells each message once, in pieces, whole, and told again", async () => {
    const chunks = [
      told(piece("a", "Hel")),
      told(piece("a", "lo")),
      told(over("a")),
      told(new AIMessage({ id: "a", content: "Hello" })),
      ["updates", { model: { messages: [new AIMessage({ id: "a", content: "Hello" })] } }],
      told(new HumanMessage({ id: "h", content: "not the agent's" })),
      told(new AIMessage({ id: "b", content: "Whole." }), { step: 2 }),
      told(new AIMessage({ id: "b", content: "Whole." }), { step: 3 }),
    ];
    expect(await outputsOf(chunks)).toEqual([text("Hel"), text("lo"), end, text("Whole."), end]);
  });

  it("counts the tokens that come after the end, and all of each message once", async () => {
    const usage_metadata = {
      input_tokens: 3,
      output_tokens: 2,
      total_tokens: 5,
      input_token_details: { cache_read: 1 },
      output_token_details: { reasoning: 1 },
    };
    const chunks = [
      told(piece("a", "hi")),
      told(over("a")),
      told(piece("a", { usage_metadata })),
      told(new AIMessage({ id: "a", content: "hi", usage_metadata } as never)),
    ];
    const usage = {
      input_tokens: 3,
      output_tokens: 2,
      total_tokens: 5,
      cached_input_tokens: 1,
      reasoning_tokens: 1,
    };
    expect(await outputsOf(chunks)).toEqual([text("hi"), end, { type: "usage", usage }]);
  });

  it("keeps the call before its result where no provider says that a message is over", async () => {
    const chunk = (args: string, more: object = {}) => piece("a", { tool_call_chunks: [{ index: 0, args, ...more }] });
    const chunks = [
      told(chunk("", { id: "c", name: "look" })),
      told(chunk('{"at":')),
      told(chunk('"sky"}')),
      told(new ToolMessage({ id: "t", content: "blue", tool_call_id: "c", name: "look" }), { node: "tools", step: 2 }),
      told(piece("b", "It is blue."), { step: 3 }),
    ];
    const outputs = await outputsOf(chunks);
    expect(outputs.map((output) => (typeof output === "string" ? output : output.type))).toEqual([
      "tool.call.delta",
      "tool.call.delta",
      "tool.call.delta",
      "tool.call",
      "tool.result",
      "text.delta",
      "message.end",
    ]);
    expect(outputs[3]).toMatchObject({ callId: "c", name: "look", arguments: '{"at":"sky"}' });
    expect(outputs[4]).toMatchObject({ callId: "c", output: "blue" });
  });

  it("tells calls apart whose provider gives all of them the same index", async () => {
    const start = (id: string) => piece("a", { tool_call_chunks: [{ index: 0, id, name: "look", args: "{" }] });
    const rest = piece("a", { tool_call_chunks: [{ index: 0, args: "}" }] });
    const outputs = await outputsOf([told(start("c")), told(rest), told(start("d")), told(over("a"))]);
    const calls = outputs.filter((output) => typeof output !== "string" && output.type === "tool.call");
    expect(calls).toMatchObject([{ callId: "c" }, { callId: "d" }]);
  });

  it("tells calls of models that do not stream, also those that are no JSON, and which the client runs", async () => {
    const message = new AIMessage({
      id: "a",
      content: "",
      tool_calls: [{ id: "c", name: "ask", args: { n: 1 } }],
      invalid_tool_calls: [{ id: "d", name: "look", args: "{oops" }],
    });
    expect(await outputsOf([told(message)], { clientTools: ["ask"] })).toEqual([
      { type: "tool.call", callId: "c", name: "ask", arguments: { n: 1 }, kind: "function" },
      { type: "tool.call", callId: "d", name: "look", arguments: "{oops" },
    ]);
  });

  it("reads reasoning, refusals and files however integrations write them", async () => {
    const chunks = [
      piece("a", { additional_kwargs: { reasoning_content: "1" } }),
      piece("a", { additional_kwargs: { reasoning: { summary: [{ type: "summary_text", text: "2" }] } } }),
      piece("a", {
        content: [
          { type: "thinking", thinking: "3" },
          { type: "thinking", signature: "s" },
        ],
      }),
      piece("a", {
        content: [
          { type: "reasoning", reasoning: "4" },
          { type: "text", text: "5" },
        ],
      }),
      piece("a", {
        content: [
          { type: "input_json_delta", input: "{" },
          { type: "image", mimeType: "image/png", data: "AA" },
        ],
      }),
      piece("a", { additional_kwargs: { refusal: "6" } }),
    ];
    expect(await outputsOf(chunks.map((chunk) => told(chunk)))).toEqual([
      ...["1", "2", "3", "4"].map((delta) => ({ type: "reasoning.delta", delta })),
      text("5"),
      { type: "content", content: { type: "image", image_url: "data:image/png;base64,AA" } },
      { type: "refusal.delta", delta: "6" },
      end,
    ]);
  });

  it("says why the last message was cut off, and not one before it", async () => {
    for (const [reason, told_] of [
      ["length", "max_tokens"],
      ["MAX_TOKENS", "max_tokens"],
      ["SAFETY", "content_filter"],
    ] as const) {
      const cut = [told(piece("a", "And")), told(over("a", reason))];
      expect((await outputsOf(cut)).at(-1)).toEqual({ type: "incomplete", reason: told_ });
      const mended = [...cut, told(piece("b", "so.")), told(over("b"))];
      expect((await outputsOf(mended)).at(-1)).toEqual(end);
    }
  });

  it("asks each question once, however many levels tell it, and after all that was said", async () => {
    const interrupts = [
      {
        id: "i1",
        value: {
          actionRequests: [
            { name: "pay", args: { n: 1 } },
            { name: "pay", arguments: { n: 2 } },
          ],
        },
      },
    ];
    const chunks = [
      told(piece("a", "Well")),
      [["team:1"], "updates", { __interrupt__: interrupts }],
      [["team:1"], "values", { __interrupt__: interrupts }],
      [[], "updates", { __interrupt__: [...interrupts, { id: "i2", value: "Sure?" }] }],
      told(piece("a", ".")),
    ];
    expect(await outputsOf(chunks)).toEqual([
      text("Well"),
      text("."),
      end,
      { type: "approval.request", id: "i1.0", name: "pay", arguments: { n: 1 } },
      { type: "approval.request", id: "i1.1", name: "pay", arguments: { n: 2 } },
      { type: "approval.request", id: "i2", name: "interrupt", arguments: { value: "Sure?" } },
    ]);
  });

  it("tells whole messages of streams without the mode for them", async () => {
    const first = new AIMessage({ id: "old", content: "Old." });
    const call = new AIMessage({ id: "a", content: "", tool_calls: [{ id: "c", name: "look", args: {} }] });
    const answer = new ToolMessage({ id: "t", content: "blue", tool_call_id: "c" });
    const last = new AIMessage({ id: "b", content: "Blue." });
    const updates = [
      ["updates", { model: { messages: [call] } }],
      ["updates", { tools: { messages: [answer] } }],
      ["updates", { model: [{ messages: last }] }],
    ];
    const states = [[first], [first, call], [first, call, answer], [first, call, answer, last]];
    const values = states.map((messages) => ["values", { messages }]);
    const wanted = [
      { type: "tool.call", callId: "c", name: "look", arguments: {} },
      { type: "tool.result", callId: "c", output: "blue" },
      text("Blue."),
      end,
    ];
    expect(await outputsOf(updates, { messagesFrom: "updates" })).toEqual(wanted);
    expect(await outputsOf(values, { messagesFrom: "values" })).toEqual(wanted);
    expect(await outputsOf([...updates, ...values])).toEqual([]);
  });

  it("fails after what was said, with a code and none of the provider's words", async () => {
    async function* failing(error: unknown): AsyncGenerator {
      yield told(piece("a", "Half of"));
      throw error;
    }
    const secret = "key sk-123";
    const cases: [object, string][] = [
      [{ lc_error_code: "GRAPH_RECURSION_LIMIT" }, "resource_exhausted"],
      [{ lc_error_code: "MODEL_AUTHENTICATION" }, "unavailable"],
      [{ lc_error_code: "MODEL_RATE_LIMIT" }, "resource_exhausted"],
      [{ lc_error_code: "INVALID_TOOL_RESULTS" }, "invalid_argument"],
      [{ status: 503 }, "unavailable"],
      [{ name: "AbortError" }, "canceled"],
      [{}, "internal"],
    ];
    for (const [fields, code] of cases) {
      const said: AgentOutput[] = [];
      const reading = (async (): Promise<void> => {
        for await (const output of fromLangGraph(failing(Object.assign(new Error(secret), fields)))) said.push(output);
      })();
      await expect(reading).rejects.toMatchObject({ code, message: expect.not.stringContaining(secret) });
      expect(said).toEqual([text("Half of")]);
    }
    await expect(Array.fromAsync(fromLangGraph(Promise.reject(new Error(secret))))).rejects.toMatchObject({
      code: "internal",
    });
  });

  it("loses, doubles and mixes nothing, however the messages of many models fall between each other", async () => {
    const speech = fc.record({
      words: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }),
      isEnded: fc.boolean(),
    });
    const scene = fc.array(speech, { minLength: 1, maxLength: 5 }).chain((speeches) =>
      fc.record({
        speeches: fc.constant(speeches),
        order: fc.shuffledSubarray(
          speeches.flatMap(({ words }, index) => words.map(() => index)),
          { minLength: speeches.reduce((sum, { words }) => sum + words.length, 0) },
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(scene, async ({ speeches, order }) => {
        const said = speeches.map(() => 0);
        const chunks = order.flatMap((index) => {
          const { words = [], isEnded = false } = speeches[index] ?? {};
          const place = said[index] ?? 0;
          said[index] = place + 1;
          const id = `m${index}`;
          const node = { node: `voice${index}` };
          const isLast = place + 1 === words.length;
          return [told(piece(id, words[place] ?? ""), node), ...(isLast && isEnded ? [told(over(id), node)] : [])];
        });
        const messages: string[] = [""];
        for (const output of await outputsOf(chunks)) {
          if (typeof output === "string") continue;
          if (output.type === "message.end") messages.push("");
          else if (output.type === "text.delta") messages.push(`${messages.pop() ?? ""}${output.delta}`);
        }
        const wanted = speeches.map(({ words }) => words.join(""));
        expect(messages.filter((message) => message !== "").toSorted()).toEqual(wanted.toSorted());
      }),
      { numRuns: 200 },
    );
  });
});
