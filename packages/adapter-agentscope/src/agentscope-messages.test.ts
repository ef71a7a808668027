import { messageSchema } from "@agentscope-runtime/protocol";
import type { ContentInput, Message, MessageInput } from "@agentscope-runtime/protocol";
import fc from "fast-check";
import type { AgentScopeMessage } from "./index.ts";
import { fromAgentScopeMessages, toAgentScopeMessages } from "./index.ts";

const messages = (...inputs: MessageInput[]): Message[] => inputs.map((input) => messageSchema.parse(input));
const user = (...content: ContentInput[]): MessageInput => ({ role: "user", content });
const data = (value: Record<string, unknown>): ContentInput => ({ type: "data", data: value });
const call = (id: string, name: string, text: string | null = "{}"): MessageInput => ({
  type: "plugin_call",
  role: "assistant",
  content: [data({ call_id: id, name, arguments: text })],
});
const output = (id: string, text: string, more: object = {}): MessageInput => ({
  type: "plugin_call_output",
  role: "tool",
  content: [data({ call_id: id, output: text, ...more })],
});

/** Without numbers and states. */
const essence = ({ id, type, role, content, metadata }: Message): unknown => ({
  id,
  type,
  role,
  metadata,
  content: content?.map((part) => ({ ...part, sequence_number: null, status: null, index: null, msg_id: null })),
});

describe("toAgentScopeMessages", () => {
  it("puts what an agent said and did without a pause into one message, results behind their calls", () => {
    const [asked, answered, ...more] = toAgentScopeMessages(
      messages(
        user({ type: "text", text: "Look." }),
        { type: "reasoning", role: "assistant", content: [{ type: "text", text: "Hm." }] },
        call("c1", "look", '{"at":1}'),
        output("c1", "blue"),
        { role: "assistant", content: [{ type: "text", text: "Blue." }] },
      ),
      { agentName: "friday", now: () => 0 },
    );
    expect(more).toEqual([]);
    expect(asked).toMatchObject({ name: "user", role: "user", timestamp: "1970-01-01T00:00:00.000Z" });
    expect(answered).toMatchObject({ name: "friday", role: "assistant" });
    expect(answered?.content).toEqual([
      { type: "thinking", id: expect.any(String), thinking: "Hm." },
      { type: "tool_call", id: "c1", name: "look", input: '{"at":1}' },
      { type: "tool_result", id: "c1", name: "look", output: "blue", state: "success" },
      { type: "text", id: expect.any(String), text: "Blue." },
    ]);
  });

  it("answers a call that nobody answered, and does not give that back", () => {
    const asked = messages(call("c1", "look"), user({ type: "text", text: "Well?" }));
    const [first] = toAgentScopeMessages(asked);
    expect(first?.content.at(-1)).toEqual({
      type: "tool_result",
      id: "c1",
      name: "look",
      output: "No result: the run ended before the tool answered.",
      state: "interrupted",
    });
    expect(fromAgentScopeMessages(toAgentScopeMessages(asked)).map(({ type }) => type)).toEqual([
      "plugin_call",
      "message",
    ]);
  });

  it("gives an answer that comes late to its call, and drops one without a call", () => {
    const late = messages(
      call("c1", "look"),
      user({ type: "text", text: "Well?" }),
      output("c1", "blue"),
      output("c9", "?"),
    );
    const converted = toAgentScopeMessages(late);
    expect(converted.map(({ role }) => role)).toEqual(["assistant", "user"]);
    expect(converted[0]?.content.map(({ type }) => type)).toEqual(["tool_call", "tool_result"]);
  });

  it("keeps calls that share an id apart, since the framework finds results by it", () => {
    const twice = messages(
      call("0_look", "look"),
      output("0_look", "a"),
      call("0_look", "look"),
      output("0_look", "b"),
    );
    const converted = toAgentScopeMessages(twice);
    expect(converted.map(({ content }) => content.length)).toEqual([2, 2]);
    expect(fromAgentScopeMessages(converted).map(essence)).toEqual(twice.map(essence));
  });

  it("shows images of our tools' results as images", () => {
    const text = JSON.stringify({
      content: [
        { type: "text", text: "Here." },
        { type: "image", data: "AAAA", mediaType: "image/png" },
        { type: "data", data: { at: 1 } },
      ],
      isError: false,
    });
    const asked = messages(call("c1", "draw"), output("c1", text));
    const [converted] = toAgentScopeMessages(asked);
    const [, result] = converted?.content ?? [];
    expect(result).toMatchObject({ output: [{ type: "text" }, { type: "data" }, { type: "text", text: '{"at":1}' }] });
    expect(fromAgentScopeMessages(toAgentScopeMessages(asked)).map(essence)).toEqual(asked.map(essence));
  });

  it("makes an object of arguments that are none, and gives the text back", () => {
    for (const [text, input] of [
      ["", "{}"],
      ["nonsense", '{"invalid_arguments":"nonsense"}'],
      ["[1]", '{"invalid_arguments":"[1]"}'],
    ] as const) {
      const asked = messages(call("c1", "look", text), output("c1", "x"));
      const converted = toAgentScopeMessages(asked);
      expect(converted[0]?.content[0]).toMatchObject({ input });
      expect(fromAgentScopeMessages(converted).map(essence)).toEqual(asked.map(essence));
    }
  });

  it.each<[string, MessageInput]>([
    ["send file_data or file_url", user({ type: "file", file_id: "file-1" })],
    ["nothing says where the bytes are", user({ type: "image" })],
    ["neither a URL nor a data: URL", user({ type: "image", image_url: "http://[" })],
    ["has no data", user({ type: "image", image_url: "data:image/png" })],
    ["cannot be decoded", user({ type: "image", image_url: "data:image/svg+xml,%E0%A4%A" })],
    ["has to be the output of a call", { role: "tool", content: [{ type: "text", text: "x" }] }],
    ["needs a call_id and a name", { type: "plugin_call", content: [data({ arguments: "{}" })] }],
    ["can only hold text", { type: "reasoning", content: [{ type: "image", image_url: "https://example.com/a.png" }] }],
  ])("names the message that cannot be carried: %s", (words, input) => {
    const convert = (): unknown => toAgentScopeMessages(messages(user({ type: "text", text: "a" }), input));
    expect(convert).toThrow(words);
    expect(convert).toThrow(
      expect.objectContaining({ code: "invalid_argument", details: expect.objectContaining({ index: 1 }) }),
    );
  });

  it("derives the media type that the framework wants", () => {
    const types = toAgentScopeMessages(
      messages(
        user(
          { type: "image", image_url: "https://example.com/a.png" },
          { type: "image", image_url: "https://example.com/photo.php" },
          { type: "audio", data: "AAAA", format: "mp3" },
          { type: "file", file_data: "AAAA", filename: "a.pdf" },
          { type: "file", file_url: "https://example.com/thing" },
          { type: "image", image_url: "data:image/svg+xml,%3Csvg%2F%3E" },
        ),
      ),
    ).flatMap(({ content }) => content.map((block) => (block.type === "data" ? block.source.mediaType : block.type)));
    expect(types).toEqual([
      "image/png",
      "image/*",
      "audio/mpeg",
      "application/pdf",
      "application/octet-stream",
      "image/svg+xml",
    ]);
  });
});

describe("fromAgentScopeMessages", () => {
  const message = (
    content: AgentScopeMessage["content"],
    more: Partial<AgentScopeMessage> = {},
  ): AgentScopeMessage => ({
    id: "m1",
    name: "friday",
    role: "assistant",
    content,
    metadata: {},
    timestamp: "2026-01-01T00:00:00.000Z",
    ...more,
  });

  it("makes one message of each thing that an agent of the framework did", () => {
    const image = { type: "base64", data: "AAAA", mediaType: "image/png" } as const;
    const read = fromAgentScopeMessages([
      message([{ type: "text", id: "1", text: "Hi." }], {
        id: "u1",
        name: "user",
        role: "user",
        metadata: { from: "phone" },
      }),
      message(
        [
          { type: "thinking", id: "1", thinking: "Hm." },
          { type: "hint", id: "2", hint: "?" },
          { type: "text", id: "3", text: "Look:" },
          { type: "data", id: "4", source: image },
          { type: "tool_call", id: "c1", name: "look", input: "{}" },
          {
            type: "tool_result",
            id: "c1",
            name: "look",
            output: [{ type: "data", id: "5", source: image }],
            state: "error",
          },
        ],
        { usage: { inputTokens: 1, outputTokens: 2 } },
      ),
    ]);
    expect(read.map(({ id, type, role }) => [id, type, role])).toEqual([
      ["u1", "message", "user"],
      ["m1-0", "reasoning", "assistant"],
      ["m1-1", "message", "assistant"],
      ["m1-2", "plugin_call", "assistant"],
      ["m1-3", "plugin_call_output", "tool"],
    ]);
    expect(read[0]?.metadata).toEqual({ from: "phone" });
    expect(read[2]?.content).toMatchObject([
      { text: "Look:" },
      { type: "image", image_url: "data:image/png;base64,AAAA" },
    ]);
    expect(read[4]?.usage).toEqual({ input_tokens: 1, output_tokens: 2 });
    const [part] = read[4]?.content ?? [];
    expect(part).toMatchObject({ data: { call_id: "c1", name: "look", is_error: true } });
    expect(JSON.parse(String(part?.type === "data" ? part.data?.["output"] : ""))).toEqual({
      content: [{ type: "image", data: "AAAA", mediaType: "image/png" }],
      isError: true,
    });
  });

  it("reads what an agent added to a message of ours, and what a summary left of one", () => {
    const asked = messages({
      role: "assistant",
      content: [
        { type: "text", text: "One." },
        { type: "text", text: "Two." },
      ],
    });
    const [converted] = toAgentScopeMessages(asked);
    converted?.content.push({ type: "tool_call", id: "c1", name: "look", input: "{}" });
    converted?.content.shift();
    const read = fromAgentScopeMessages(converted === undefined ? [] : [converted]);
    expect(read.map(({ id, type }) => [id, type])).toEqual([
      [asked[0]?.id, "message"],
      [converted?.id, "plugin_call"],
    ]);
    expect(read[0]?.content).toMatchObject([{ text: "Two." }]);
  });

  it("takes metadata that only looks like ours for the user's", () => {
    const metadata = { agentscope_runtime: "mine" };
    const [read] = fromAgentScopeMessages([message([{ type: "text", id: "1", text: "x" }], { metadata })]);
    expect(read).toMatchObject({ id: "m1", content: [{ text: "x" }] });
  });
});

it("gives every message back as it was, whatever the conversation", () => {
  const words = fc.string({ minLength: 1 });
  const json = fc
    .dictionary(words, fc.jsonValue())
    .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
  const base64 = fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes).toString("base64"));
  const mediaType = fc.constantFrom(
    "image/png",
    "audio/ogg",
    "video/mp4",
    "application/pdf",
    "text/plain;charset=utf-8",
  );
  const dataUrl = fc.tuple(mediaType, base64).map(([type, bytes]) => `data:${type};base64,${bytes}`);
  const url = fc.oneof(dataUrl, fc.webUrl());
  const part: fc.Arbitrary<ContentInput> = fc.oneof(
    words.map((text): ContentInput => ({ type: "text", text })),
    words.map((refusal): ContentInput => ({ type: "refusal", refusal })),
    json.map((value): ContentInput => ({ type: "data", data: value })),
    url.map((image_url): ContentInput => ({ type: "image", image_url })),
    url.map((video_url): ContentInput => ({ type: "video", video_url })),
    fc
      .tuple(fc.oneof(base64, url), fc.constantFrom("wav", "mp3", null))
      .map(([bytes, format]): ContentInput => ({ type: "audio", data: bytes, format })),
    fc
      .record({ file_data: fc.oneof(base64, dataUrl), filename: fc.option(words), file_id: fc.option(words) })
      .map((fields): ContentInput => ({ type: "file", ...fields })),
    fc
      .record({ file_url: url, filename: fc.option(words) })
      .map((fields): ContentInput => ({ type: "file", ...fields })),
  );
  const metadata = fc.option(json);
  const speech = fc
    .record({
      role: fc.constantFrom("user", "assistant", "system", null),
      content: fc.array(part, { minLength: 1, maxLength: 4 }),
      metadata,
    })
    .map((fields): MessageInput[] => [fields]);
  const reasoning = fc
    .record({
      content: fc.array(
        words.map((text): ContentInput => ({ type: "text", text })),
        { minLength: 1 },
      ),
      metadata,
    })
    .map((fields): MessageInput[] => [{ ...fields, type: "reasoning", role: "assistant" }]);
  const toolResult = fc
    .record({
      content: fc.array(
        fc.oneof(
          words.map((text) => ({ type: "text", text })),
          base64.map((bytes) => ({ type: "image", data: bytes, mediaType: "image/png" })),
        ),
      ),
      isError: fc.boolean(),
    })
    .map((result) => JSON.stringify(result));
  const calls = fc
    .record({
      kind: fc.constantFrom("function", "plugin", "mcp"),
      name: words,
      text: fc.oneof(
        json.map((value) => JSON.stringify(value)),
        fc.string(),
      ),
      output: fc.oneof(fc.string(), toolResult),
      more: fc.constantFrom({}, { is_error: true }, { name: "look" }),
      server: fc.constantFrom({}, { server_label: "files" }),
      id: fc.constantFrom("c1", "c2", "c3"),
    })
    .map(({ kind, name, text, output: answer, more, server, id }): MessageInput[] => [
      {
        type: `${kind as "mcp"}_call`,
        role: "assistant",
        content: [{ type: "data", data: { call_id: id, name, arguments: text, ...(kind === "mcp" ? server : {}) } }],
      },
      {
        type: `${kind as "mcp"}_call_output`,
        role: "tool",
        content: [{ type: "data", data: { call_id: id, output: answer, ...more } }],
      },
    ]);
  fc.assert(
    fc.property(fc.array(fc.oneof(speech, reasoning, calls), { maxLength: 8 }), (groups) => {
      const asked = messages(...groups.flat());
      const there = JSON.parse(JSON.stringify(toAgentScopeMessages(asked))) as AgentScopeMessage[];
      expect(fromAgentScopeMessages(there).map(essence)).toEqual(asked.map(essence));
    }),
    { numRuns: 300 },
  );
});
