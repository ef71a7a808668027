import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message, MessageInput } from "@agentscope-runtime/protocol";
import { AIMessage, HumanMessage, RemoveMessage, ToolMessage } from "@langchain/core/messages";
import { JsonPlusSerializer } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { fromLangChainMessages } from "./from-lang-chain-messages.ts";
import { toLangChainMessages } from "./to-lang-chain-messages.ts";

const parsed = (inputs: readonly MessageInput[]): Message[] => inputs.map((input) => messageSchema.parse(input));

/** What of a message is its own: without numbers, states and places. */
function essence({ id, type, role, content, metadata }: Message): unknown {
  const parts = (content ?? []).map((part) =>
    Object.fromEntries(
      Object.entries(part).filter(
        ([name, value]) =>
          value !== null && value !== undefined && !["object", "status", "index", "delta", "msg_id"].includes(name),
      ),
    ),
  );
  return { id, type, role, content: parts, metadata };
}

const text = fc.string({ minLength: 1, unit: "grapheme" });
const base64 = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("base64"));
/** LangGraph's serializer loses a field of this name. */
const isKept = (value: unknown): boolean => !JSON.stringify(value).includes("__proto__");
const json = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  .filter(isKept)
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
const metadata = fc.option(json, { nil: null });

const part = fc.oneof(
  fc.record({ type: fc.constant("text" as const), text }),
  fc.record({ type: fc.constant("refusal" as const), refusal: text }),
  fc.record({ type: fc.constant("data" as const), data: json }),
  base64.map((data) => ({ type: "image" as const, image_url: `data:image/webp;base64,${data}` })),
  fc.webUrl().map((url) => ({ type: "image" as const, image_url: url })),
  fc.record({
    type: fc.constant("audio" as const),
    data: fc.oneof(base64, fc.webUrl()),
    format: fc.constantFrom("wav", "mp3", "flac", null),
  }),
  base64.map((data) => ({ type: "video" as const, video_url: `data:video/mp4;base64,${data}` })),
  fc.record({
    type: fc.constant("file" as const),
    file_data: fc.oneof(
      base64,
      base64.map((data) => `data:text/csv;base64,${data}`),
    ),
    filename: fc.option(text, { nil: null }),
  }),
  fc.record({ type: fc.constant("file" as const), file_url: fc.webUrl() }),
  fc.record({ type: fc.constant("file" as const), file_id: text }),
);
const parts = fc.array(part, { minLength: 1, maxLength: 4 });
const texts = fc.array(fc.record({ type: fc.constant("text" as const), text }), { minLength: 1, maxLength: 3 });

const id = fc.uuid();
const human = fc.record({ id, role: fc.constantFrom("user" as const, null), content: parts, metadata });
const system = fc.record({ id, role: fc.constant("system" as const), content: texts, metadata });
const said = fc.record({ id, role: fc.constant("assistant" as const), content: parts, metadata });
const thought = fc.record({
  id,
  type: fc.constant("reasoning" as const),
  role: fc.constant("assistant" as const),
  content: texts,
  metadata,
});
const call = fc
  .record({
    id,
    outputId: id,
    callId: id,
    kind: fc.constantFrom("plugin" as const, "mcp" as const, "function" as const),
    name: text,
    arguments: fc.oneof(
      json.map((value) => JSON.stringify(value, undefined, 1)),
      text,
      fc.constant(""),
    ),
    output: fc.oneof(
      fc.string(),
      json.map((value) => JSON.stringify(value)),
      base64.map((data) =>
        JSON.stringify({
          content: [
            { type: "image", data, mediaType: "image/png" },
            { type: "data", data: [1] },
          ],
          isError: false,
        }),
      ),
    ),
    isError: fc.boolean(),
    metadata,
  })
  .map(({ outputId, callId, kind, name, output, isError, ...rest }) => ({
    call: {
      id: rest.id,
      type: `${kind}_call` as const,
      role: "assistant" as const,
      content: [
        { type: "data" as const, data: { call_id: callId, name, arguments: rest.arguments, server_label: null } },
      ],
      metadata: rest.metadata,
    },
    output: {
      id: outputId,
      type: `${kind}_call_output` as const,
      role: "tool" as const,
      content: [{ type: "data" as const, data: { call_id: callId, output, ...(isError && { is_error: true }) } }],
      metadata: rest.metadata,
    },
  }));
/** A user speaks, the agent answers, calls, and is answered. */
const turn = fc
  .tuple(
    fc.oneof(human, system),
    fc.array(fc.oneof(said, thought), { maxLength: 3 }),
    fc.array(call, { maxLength: 3 }),
    said,
  )
  .map(([first, before, calls, last]): MessageInput[] => [
    first,
    ...before,
    ...calls.map((pair) => pair.call),
    ...calls.map((pair) => pair.output),
    last,
  ]);
const conversation = fc.array(turn, { minLength: 1, maxLength: 3 }).map((turns) => parsed(turns.flat()));

describe("messages there and back", () => {
  it("are what they were, of every kind, also through a checkpoint", async () => {
    const serializer = new JsonPlusSerializer();
    await fc.assert(
      fc.asyncProperty(conversation, async (messages) => {
        const [type, bytes] = await serializer.dumpsTyped(toLangChainMessages(messages));
        const back = fromLangChainMessages(await serializer.loadsTyped(type, bytes));
        expect(back.map(essence)).toEqual(messages.map(essence));
      }),
      { numRuns: 60 },
    );
  });

  it("are stable: what came back goes there as it went before", () => {
    fc.assert(
      fc.property(conversation, (messages) => {
        const there = toLangChainMessages(messages);
        const again = toLangChainMessages(fromLangChainMessages(there));
        expect(again.map((message) => message.toDict())).toEqual(there.map((message) => message.toDict()));
      }),
      { numRuns: 30 },
    );
  });
});

describe("toLangChainMessages", () => {
  const plugin = (callId: string, more: object = {}): MessageInput => ({
    type: "plugin_call",
    role: "assistant",
    content: [{ type: "data", data: { call_id: callId, name: "look", arguments: "{}", ...more } }],
  });
  const output = (callId: string, answer: string): MessageInput => ({
    type: "plugin_call_output",
    role: "tool",
    content: [{ type: "data", data: { call_id: callId, output: answer } }],
  });
  const user = (words: string): MessageInput => ({ role: "user", content: [{ type: "text", text: words }] });

  it("puts every answer behind its call, however late it came, and answers calls that dangle", () => {
    const messages = toLangChainMessages(
      parsed([user("go"), plugin("a"), plugin("b"), user("well?"), output("b", "blue"), output("unknown", "lost")]),
    );
    expect(messages.map(({ type, text: words }) => [type, words])).toEqual([
      ["human", "go"],
      ["ai", ""],
      ["tool", "No result: the run ended before the tool answered."],
      ["tool", "blue"],
      ["human", "well?"],
    ]);
    const back = fromLangChainMessages(messages);
    expect(back.map(({ type }) => type)).toEqual([
      "message",
      "plugin_call",
      "plugin_call",
      "plugin_call_output",
      "message",
    ]);
  });

  it("names the message that cannot be carried", () => {
    const cases: [MessageInput, string][] = [
      [{ role: "system", content: [{ type: "image", image_url: "https://x.test/a.png" }] }, "messages[1] (image)"],
      [{ role: "user", content: [{ type: "image", image_url: "a.png" }] }, "messages[1] (image)"],
      [{ role: "user", content: [{ type: "file" }] }, "messages[1] (file)"],
      [plugin("c", { name: null }), "messages[1] (plugin_call)"],
      [{ role: "tool", content: [{ type: "text", text: "blue" }] }, "messages[1] (message)"],
    ];
    for (const [message, place] of cases) {
      expect(() => toLangChainMessages(parsed([user("hi"), message]))).toThrow(
        expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining(place) }),
      );
    }
  });

  it("shows images of results as images, or names them where the provider takes none", () => {
    const result = JSON.stringify({
      content: [{ type: "image", data: "iVBORw==", mediaType: "image/png" }],
      isError: false,
    });
    const messages = parsed([user("draw"), plugin("a"), output("a", result)]);
    expect(toLangChainMessages(messages).at(-1)?.content).toEqual([
      { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw==" } },
    ]);
    const named = toLangChainMessages(messages, { imagesInResults: false });
    expect(named.at(-1)?.content).toBe("[image image/png]");
    expect(fromLangChainMessages(named).map(essence)).toEqual(messages.map(essence));
  });
});

describe("fromLangChainMessages", () => {
  it("reads messages that nobody noted: ids, calls, tokens, names", () => {
    const back = fromLangChainMessages([
      new HumanMessage({ id: "h", content: "hi", name: "ada" }),
      new AIMessage({
        id: "a",
        content: [
          { type: "thinking", thinking: "Hm.", signature: "s" },
          { type: "text", text: "Let me look." },
          { type: "tool_use", id: "c", name: "look", input: {} },
        ],
        tool_calls: [{ id: "c", name: "look", args: { at: "sky" } }],
        response_metadata: { model_name: "m" },
      }),
      new ToolMessage({ id: "t", content: "blue", tool_call_id: "c", name: "look" }),
    ]);
    expect(back.map(({ id: own, type, role }) => [own, type, role])).toEqual([
      ["h", "message", "user"],
      ["a", "reasoning", "assistant"],
      ["a:1", "message", "assistant"],
      ["a:2", "plugin_call", "assistant"],
      ["t", "plugin_call_output", "tool"],
    ]);
    expect(back[0]?.metadata).toEqual({ langchain: { name: "ada" } });
    expect(back[1]?.metadata).toEqual({ langchain: { response_metadata: { model_name: "m" } } });
    expect(back[3]?.content).toMatchObject([{ data: { call_id: "c", name: "look", arguments: '{"at":"sky"}' } }]);
    expect(back[4]?.content).toMatchObject([{ data: { call_id: "c", name: "look", output: "blue" } }]);
    const there = toLangChainMessages(back);
    expect(there[0]?.name).toBe("ada");
    expect(there[1]?.response_metadata).toMatchObject({ model_name: "m" });
  });

  it("says what was changed since, and not what was noted", () => {
    const [message] = toLangChainMessages(
      parsed([
        {
          id: "m",
          type: "plugin_call",
          role: "assistant",
          content: [{ type: "data", data: { call_id: "c", name: "pay", arguments: '{ "amount": 7 }' } }],
        },
      ]),
    ) as [AIMessage];
    message.tool_calls = [{ id: "c", name: "pay", args: { amount: 5 } }];
    expect(fromLangChainMessages([message])[0]?.content).toMatchObject([{ data: { arguments: '{"amount":5}' } }]);
    message.tool_calls.push({ id: "d", name: "pay", args: {} });
    expect(fromLangChainMessages([message]).map(({ id: own }) => own)).toEqual(["m", "m:1"]);
  });

  it("reads files of every generation of content blocks", () => {
    const [message] = fromLangChainMessages([
      new HumanMessage({
        content: [
          { type: "image_url", image_url: "https://x.test/a.png" },
          { type: "image", mimeType: "image/png", data: "AAAA" },
          { type: "image", source_type: "url", url: "https://x.test/b.png" },
          { type: "input_audio", input_audio: { data: "BBBB", format: "mp3" } },
          { type: "document", source: { type: "base64", media_type: "application/pdf", data: "CCCC" } },
          { type: "file", fileId: "f1" },
        ],
      }),
    ]);
    expect(message?.content).toMatchObject([
      { type: "image", image_url: "https://x.test/a.png" },
      { type: "image", image_url: "data:image/png;base64,AAAA" },
      { type: "image", image_url: "https://x.test/b.png" },
      { type: "audio", data: "BBBB", format: "mp3" },
      { type: "file", file_data: "data:application/pdf;base64,CCCC" },
      { type: "file", file_id: "f1" },
    ]);
  });

  it("names the message that cannot be carried", () => {
    expect(() => fromLangChainMessages([new HumanMessage("hi"), new RemoveMessage({ id: "x" })])).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining("messages[1] (remove)") }),
    );
  });
});
