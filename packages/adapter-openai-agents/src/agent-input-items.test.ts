import { bareMessage } from "@agentscope-runtime/core/adapter";
import { messageSchema } from "@agentscope-runtime/protocol";
import type { ContentInput, Message, MessageInput } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { protocol } from "@openai/agents";
import type { AgentInputItem } from "@openai/agents";
import fc from "fast-check";
import { createOpenAIAgentsSession, fromAgentInputItems, toAgentInputItems } from "./index.ts";

function ours(...inputs: readonly MessageInput[]): Message[] {
  return inputs.map((input, index) => messageSchema.parse({ id: `m${index}`, ...input }));
}

/** What a message is and says. */
function said(message: Message): unknown {
  return { id: message.id, ...bareMessage(message) };
}

/** As they come back from a store. */
function travelled<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

const text = fc.constantFrom("hi", "naïve «quotes» \\ \u2028", "{}", '{"content":[],"isError":false}', " ", "[image]");
const pixel = "iVBORw0KGgo=";
const userPart = fc.oneof<fc.Arbitrary<ContentInput>[]>(
  text.map((words) => ({ type: "text", text: words })),
  fc.constantFrom<ContentInput>(
    { type: "text", text: "" },
    { type: "image", image_url: "https://example.com/a.png" },
    { type: "image", image_url: `data:image/png;base64,${pixel}` },
    { type: "audio", data: "UklGRg==", format: "wav" },
    { type: "audio", data: "data:audio/mpeg;base64,UklGRg==" },
    { type: "audio", data: "https://example.com/a.mp3", format: "mp3" },
    { type: "video", video_url: "https://example.com/a.mp4" },
    { type: "video", video_url: "data:video/mp4;base64,AAAA" },
    { type: "file", file_url: "https://example.com/a.pdf", filename: "a.pdf" },
    { type: "file", file_data: "data:application/pdf;base64,JVBERg==" },
    { type: "file", file_data: "JVBERg==", file_name: "b.pdf" },
    { type: "file", file_id: "file-1" },
    { type: "data", data: { any: [1, null] } },
    { type: "refusal", refusal: "No." },
  ),
);
const metadata = fc.constantFrom(undefined, null, { from: "phone" }, { at: { floor: 2 }, list: [] });
const output = fc.oneof(
  text,
  fc.constantFrom(
    JSON.stringify({ content: [{ type: "text", text: "blue" }], isError: false }),
    JSON.stringify({ content: [{ type: "image", data: pixel, mediaType: "image/png" }], isError: false }),
    JSON.stringify({
      content: [
        { type: "file", data: pixel, mediaType: "a/b", filename: "f" },
        { type: "data", data: [1] },
      ],
      isError: false,
    }),
    JSON.stringify({ content: [{ type: "text", text: "It fell." }], isError: true }),
  ),
);

const speech = fc.oneof(
  fc.record({
    role: fc.constantFrom("user" as const, "assistant" as const),
    content: fc.array(userPart, { minLength: 1, maxLength: 3 }).filter((parts) => parts.some((part) => !isEmpty(part))),
    metadata,
  }),
  fc.record({
    role: fc.constant("system" as const),
    content: text.map((words) => [{ type: "text" as const, text: words }]),
    metadata,
  }),
  fc.record({
    type: fc.constant("reasoning" as const),
    role: fc.constant("assistant" as const),
    content: fc.array(
      text.map((words) => ({ type: "text" as const, text: words })),
      { minLength: 1, maxLength: 2 },
    ),
    metadata,
  }),
);

function isEmpty(part: ContentInput): boolean {
  return part.type === "text" && part.text === "";
}

/** A call and its output; both have the same id. */
const pair = fc
  .record({
    kind: fc.constantFrom("plugin" as const, "mcp" as const, "function" as const),
    name: fc.constantFrom("look", "a-b"),
    arguments: fc.constantFrom("{}", '{"at":"sky"}', "no json", ""),
    output,
    is_error: fc.option(fc.boolean(), { nil: undefined }),
    isNamed: fc.boolean(),
    metadata,
  })
  .map((call) => (id: string): MessageInput[] => {
    const { kind, name, is_error, isNamed, metadata: notes } = call;
    return [
      {
        type: `${kind}_call`,
        role: "assistant",
        content: [{ type: "data", data: { call_id: id, name, arguments: call.arguments } }],
        metadata: notes,
      },
      {
        type: `${kind}_call_output`,
        role: "tool",
        content: [
          {
            type: "data",
            data: {
              call_id: id,
              output: call.output,
              ...(isNamed && { name }),
              ...(is_error !== undefined && { is_error }),
            },
          },
        ],
      },
    ];
  });

const conversation = fc
  .array(
    fc.oneof(
      speech.map((message) => (): MessageInput[] => [message]),
      pair,
    ),
    { maxLength: 8 },
  )
  .map((pieces) => ours(...pieces.flatMap((piece, index) => piece(`c${index}`))));

describe("our messages as items", () => {
  it("come back as they went, whatever they are", () => {
    fc.assert(
      fc.property(conversation, (messages) => {
        expect(fromAgentInputItems(travelled(toAgentInputItems(messages))).map(said)).toEqual(messages.map(said));
      }),
      { numRuns: 500 },
    );
  });

  it("are items to the SDK, whatever they are", () => {
    fc.assert(
      fc.property(conversation, (messages) => {
        for (const item of toAgentInputItems(messages)) expect(protocol.ModelItem.safeParse(item).success).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("give every call one answer before anybody else speaks, and every answer a call", () => {
    const call = (id: string): MessageInput => ({
      type: "plugin_call",
      role: "assistant",
      content: [{ type: "data", data: { call_id: id, name: "look", arguments: "{}" } }],
    });
    const answer = (id: string, words: string): MessageInput => ({
      type: "plugin_call_output",
      role: "tool",
      content: [{ type: "data", data: { call_id: id, output: words } }],
    });
    const hello: MessageInput = { role: "user", content: [{ type: "text", text: "hi" }] };
    const items = toAgentInputItems(
      ours(answer("c0", "lost"), call("c1"), call("c1"), call("c2"), hello, answer("c1", "one"), call("c1"), hello),
    );
    const shown = items.map((item) => {
      if (item.type === "function_call") return `call ${item.callId}`;
      return item.type === "function_call_result" ? `answer ${item.callId} ${JSON.stringify(item.output)}` : item.type;
    });
    expect(shown).toEqual([
      "call c1",
      "call c2",
      'answer c1 {"type":"text","text":"one"}',
      expect.stringContaining("answer c2 "),
      "message",
      "call c1",
      expect.stringContaining("No result: the run ended"),
      "message",
    ]);
    expect(fromAgentInputItems(items)).toHaveLength(6);
  });

  it("hand images and files of our tools' results on as such", () => {
    const result = {
      content: [
        { type: "text", text: "Here." },
        { type: "image", data: pixel, mediaType: "image/png" },
        { type: "file", data: "JVBERg==", mediaType: "application/pdf", filename: "a.pdf" },
      ],
      isError: false,
    };
    const [, answer] = toAgentInputItems(
      ours(
        {
          type: "plugin_call",
          role: "assistant",
          content: [{ type: "data", data: { call_id: "c", name: "draw", arguments: "{}" } }],
        },
        {
          type: "plugin_call_output",
          role: "tool",
          content: [{ type: "data", data: { call_id: "c", output: JSON.stringify(result) } }],
        },
      ),
    );
    expect(answer).toMatchObject({
      name: "draw",
      output: [
        { type: "input_text", text: "Here." },
        { type: "input_image", image: `data:image/png;base64,${pixel}` },
        { type: "input_file", file: "data:application/pdf;base64,JVBERg==", filename: "a.pdf" },
      ],
    });
  });

  it("leave out what is nothing to a model", () => {
    const items = toAgentInputItems(
      ours(
        { type: "heartbeat" },
        { role: "assistant", content: [{ type: "data", data: { type: "source", url: "https://example.com" } }] },
        { role: "user", content: [{ type: "text", text: "" }] },
        { type: "error", code: "internal" },
        {
          type: "mcp_approval_response",
          role: "user",
          content: [{ type: "data", data: { approval_request_id: "c1", approve: true } }],
        },
      ),
    );
    expect(items).toEqual([]);
  });

  it.each<[string, MessageInput, string]>([
    ["an image without an address", { role: "user", content: [{ type: "image" }] }, "messages[0] (image)"],
    ["an address that is none", { role: "user", content: [{ type: "image", image_url: "x" }] }, "messages[0] (image)"],
    ["a file of nothing", { role: "user", content: [{ type: "file", filename: "a" }] }, "messages[0] (file)"],
    [
      "a system message with a file",
      { role: "system", content: [{ type: "file", file_id: "f" }] },
      "messages[0] (file)",
    ],
    ["a tool that answers nothing", { role: "tool", content: [] }, "messages[0] (message)"],
    [
      "a call without a name",
      { type: "plugin_call", content: [{ type: "data", data: { call_id: "c" } }] },
      "messages[0] (plugin_call)",
    ],
    ["a call without data", { type: "plugin_call", content: [] }, "messages[0] (plugin_call)"],
  ])("refuse %s, and say where it is", (_, message, place) => {
    expect(() => toAgentInputItems(ours(message))).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(() => toAgentInputItems(ours(message))).toThrow(place);
  });

  it("are taken as the item says where somebody has broken a note", () => {
    const [item] = toAgentInputItems(ours({ role: "user", content: [{ type: "text", text: "hi" }] }));
    for (const note of [1, { id: 1 }, { change: 1 }, { change: { fields: { role: { value: "king" } } } }]) {
      const [message] = fromAgentInputItems([{ ...item, agentscope: note }]);
      expect(message).toMatchObject({ type: "message", role: "user", content: [{ type: "text", text: "hi" }] });
    }
  });
});

const callId = fc.constantFrom("c1", "c2", "c3");
const itemId = fc.constantFrom(undefined, "msg_1", "fc_1");
const providerData = fc.constantFrom(undefined, { encrypted_content: "x" }, { status: "completed" });

const item: fc.Arbitrary<AgentInputItem> = fc.oneof(
  fc.record({
    type: fc.constantFrom("message" as const, undefined),
    id: itemId,
    role: fc.constant("user" as const),
    content: fc.oneof(
      text,
      fc.array(
        fc.constantFrom(
          { type: "input_text" as const, text: "hi", providerData: { x: 1 } },
          { type: "input_image" as const, image: `data:image/png;base64,${pixel}`, detail: "high" },
          { type: "input_image" as const, image: pixel },
          { type: "input_image" as const, image: { id: "file-1" } },
          { type: "input_file" as const, file: { url: "https://example.com/a.pdf" }, filename: "a.pdf" },
          { type: "input_file" as const, file: { id: "file-1" } },
          { type: "input_file" as const, file: "JVBERg==" },
          { type: "audio" as const, audio: "UklGRg==", format: "wav", transcript: "hi" },
          { type: "audio" as const, audio: { id: "audio-1" } },
        ),
        { maxLength: 3 },
      ),
    ),
  }),
  fc.record({
    type: fc.constant("message" as const),
    id: itemId,
    role: fc.constant("assistant" as const),
    status: fc.constantFrom("completed" as const, "incomplete" as const),
    phase: fc.constantFrom(undefined, "commentary" as const),
    content: fc.array(
      fc.constantFrom(
        { type: "output_text" as const, text: "hi", providerData: { annotations: [] } },
        { type: "output_text" as const, text: "" },
        { type: "refusal" as const, refusal: "No." },
        { type: "image" as const, image: pixel },
        { type: "audio" as const, audio: "UklGRg==", format: null },
      ),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    type: fc.constant("message" as const),
    role: fc.constant("system" as const),
    content: text,
    providerData,
  }),
  fc.record({
    type: fc.constant("reasoning" as const),
    id: itemId,
    content: fc.array(fc.constant({ type: "input_text" as const, text: "Hm." }), { maxLength: 2 }),
    rawContent: fc.option(fc.array(fc.constant({ type: "reasoning_text" as const, text: "Really." })), {
      nil: undefined,
    }),
    providerData,
  }),
  fc.record({
    type: fc.constant("function_call" as const),
    id: itemId,
    callId,
    name: fc.constantFrom("look", "transfer_to_poet"),
    namespace: fc.constantFrom(undefined, "ns"),
    status: fc.constantFrom(undefined, "completed" as const),
    arguments: fc.constantFrom("{}", ""),
    providerData,
  }),
  fc.record({
    type: fc.constant("function_call_result" as const),
    callId,
    name: fc.constantFrom("look", "transfer_to_poet"),
    status: fc.constantFrom("completed" as const, "incomplete" as const),
    output: fc.constantFrom(
      "blue",
      { type: "text" as const, text: "blue" },
      [{ type: "input_image" as const, image: `data:image/png;base64,${pixel}`, detail: "low" }],
      [
        { type: "input_text" as const, text: "a" },
        { type: "input_text" as const, text: "b" },
      ],
      { type: "image" as const, image: { url: "https://example.com/a.png" } },
    ),
  }),
  fc.constantFrom<AgentInputItem>(
    {
      type: "hosted_tool_call",
      id: "ws_1",
      name: "web_search_call",
      status: "completed",
      providerData: { action: { q: 1 } },
    },
    { type: "hosted_tool_call", id: "ig_1", name: "image_generation_call", status: "completed", output: pixel },
    {
      type: "hosted_tool_call",
      id: "mcp_1",
      name: "mcp_call",
      status: "completed",
      output: "blue",
      providerData: { type: "mcp_call", name: "look", server_label: "s", arguments: "{}", error: null },
    },
    { type: "computer_call", callId: "c1", status: "completed", actions: [{ type: "wait" }] },
    {
      type: "computer_call_result",
      callId: "c1",
      output: { type: "computer_screenshot", data: "https://a.test/a.png" },
    },
    { type: "shell_call", callId: "c1", action: { commands: ["ls"] } },
    {
      type: "shell_call_output",
      callId: "c1",
      output: [{ stdout: "a", stderr: "", outcome: { type: "exit", exitCode: 0 } }],
    },
    { type: "apply_patch_call", callId: "c1", status: "completed", operation: { type: "delete_file", path: "a" } },
    { type: "apply_patch_call_output", callId: "c1", status: "failed", output: "No." },
    { type: "program", callId: "p1", code: "1", fingerprint: "f" },
    { type: "tool_search_call", arguments: { query: "x" } },
    { type: "compaction", id: "cmp_1", encrypted_content: "x" },
    { type: "unknown", providerData: { type: "new", what: 1 } },
  ),
);

describe("the SDK's items as our messages", () => {
  it("come back as they went, whatever they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 5 }), async (made) => {
        await using sessions = new InProcessSessionHistory();
        const session = createOpenAIAgentsSession({ sessions, userId: "ada", sessionId: "s" });
        const items = travelled(made);
        await session.addItems(items);
        expect(await session.getItems()).toEqual(items);
      }),
      { numRuns: 500 },
    );
  });

  it("tell what the provider has done as a call and its answer", () => {
    const [call, answer] = fromAgentInputItems([
      {
        type: "hosted_tool_call",
        id: "mcp_1",
        name: "mcp_call",
        status: "completed",
        output: "blue",
        providerData: { name: "look", server_label: "sky", arguments: '{"at":1}' },
      },
    ]);
    const data = { call_id: "mcp_1", name: "look" };
    expect(call).toMatchObject({
      type: "mcp_call",
      content: [{ data: { ...data, arguments: '{"at":1}', server_label: "sky" } }],
    });
    expect(answer).toMatchObject({
      type: "mcp_call_output",
      role: "tool",
      content: [{ data: { ...data, output: "blue" } }],
    });
  });

  it("say which of them is none", () => {
    expect(() => fromAgentInputItems([{ role: "user", content: "hi" }, {}])).toThrow("items[1]");
    expect(() => fromAgentInputItems([{ role: "king", content: "hi" }])).toThrow("items[0]");
  });
});
