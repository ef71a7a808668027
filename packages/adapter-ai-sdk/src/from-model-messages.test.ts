import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import { streamText as streamText7, tool as tool7 } from "ai";
import { streamText as streamText6, tool as tool6 } from "ai-v6";
import { MockLanguageModelV3 } from "ai-v6/test";
import { MockLanguageModelV4 } from "ai/test";
import fc from "fast-check";
import { z } from "zod";
import { fromModelMessages, toModelMessages } from "./index.ts";
import type { AnyModelMessage } from "./index.ts";

const brief = (messages: readonly Message[]): unknown[] =>
  messages.map(({ type, role, content }) => [
    type,
    role,
    ...(content ?? []).map((part) => {
      const said = Object.entries(part).filter(
        ([name, value]) => value !== null && !["object", "status", "delta", "index", "type"].includes(name),
      );
      return Object.fromEntries(said);
    }),
  ]);

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const chunks = [
  { type: "reasoning-start" as const, id: "r" },
  { type: "reasoning-delta" as const, id: "r", delta: "Hm." },
  { type: "reasoning-end" as const, id: "r" },
  { type: "text-start" as const, id: "t" },
  { type: "text-delta" as const, id: "t", delta: "Looking." },
  { type: "text-end" as const, id: "t" },
  { type: "tool-call" as const, toolCallId: "c1", toolName: "look", input: '{"at":"sky"}' },
  { type: "finish" as const, usage, finishReason: { unified: "tool-calls" as const, raw: undefined } },
];
const look = { inputSchema: z.object({ at: z.string() }), execute: () => ({ colour: "blue" }) };
const spoken = [
  ["reasoning", "assistant", { text: "Hm." }],
  ["message", "assistant", { text: "Looking." }],
  ["plugin_call", "assistant", { data: { call_id: "c1", name: "look", arguments: '{"at":"sky"}' } }],
  ["plugin_call_output", "tool", { data: { call_id: "c1", name: "look", output: '{"colour":"blue"}' } }],
];

it("makes ours of what an agent of AI SDK 7 has answered", async () => {
  const model = new MockLanguageModelV4({ doStream: async () => ({ stream: ReadableStream.from(chunks) }) });
  const result = streamText7({ model, prompt: "Look.", tools: { look: tool7(look) } });
  expect(brief(fromModelMessages(await result.responseMessages))).toEqual(spoken);
});

it("makes ours of what an agent of AI SDK 6 has answered", async () => {
  const model = new MockLanguageModelV3({ doStream: async () => ({ stream: ReadableStream.from(chunks) }) });
  const result = streamText6({ model, prompt: "Look.", tools: { look: tool6(look) } });
  expect(brief(fromModelMessages((await result.response).messages))).toEqual(spoken);
});

it("takes files in every form that the SDK does", () => {
  const bytes = new Uint8Array([65, 66, 67]);
  const image = "data:image/png;base64,QUJD";
  const forms = [
    "QUJD",
    image,
    bytes,
    bytes.buffer,
    new URL(image),
    { type: "data", data: "QUJD" },
    { type: "data", data: bytes },
    { type: "url", url: new URL(image) },
    { type: "text", text: "ABC" },
  ];
  const content = forms.map((data) => ({ type: "file", data, mediaType: "image/png" }));
  const [message] = fromModelMessages([{ role: "user", content }]);
  expect(message?.content?.map((part) => part.type === "image" && part.image_url)).toEqual(forms.map(() => image));
  const others = [
    { type: "image", image: bytes },
    { type: "file", data: { type: "reference", reference: { openai: "f1" } }, mediaType: "application/pdf" },
    { type: "file", data: { openai: "f1" }, mediaType: "application/pdf", filename: "a.pdf" },
    { type: "file", data: "QUJD", mediaType: "audio/wav" },
  ];
  expect(brief(fromModelMessages([{ role: "user", content: others }]))).toEqual([
    [
      "message",
      "user",
      { image_url: "data:image/*;base64,QUJD" },
      { file_id: "f1" },
      { file_id: "f1", filename: "a.pdf" },
      { data: "QUJD", format: "wav" },
    ],
  ]);
});

it("keeps approvals, denials, failures and images of results", () => {
  const call = { type: "tool-call", toolCallId: "c1", toolName: "pay", input: { amount: 7 } };
  const result = { type: "tool-result", toolCallId: "c1", toolName: "pay" };
  const read = brief(
    fromModelMessages([
      { role: "assistant", content: [call, { type: "tool-approval-request", approvalId: "a1", toolCallId: "c1" }] },
      {
        role: "tool",
        content: [
          { type: "tool-approval-response", approvalId: "a1", approved: false, reason: "no" },
          { ...result, output: { type: "execution-denied", reason: "no" } },
          { ...result, output: { type: "error-text", value: "It fell." } },
          {
            ...result,
            output: { type: "content", value: [{ type: "image-data", data: "QUJD", mediaType: "image/png" }] },
          },
        ],
      },
    ]),
  );
  const output = (text: string, more = {}) => [
    "plugin_call_output",
    "tool",
    { data: { call_id: "c1", name: "pay", output: text, ...more } },
  ];
  expect(read.slice(1)).toEqual([
    [
      "mcp_approval_request",
      "assistant",
      { data: { id: "a1", name: "pay", arguments: '{"amount":7}', server_label: "" } },
    ],
    ["mcp_approval_response", "user", { data: { approval_request_id: "a1", approve: false, reason: "no" } }],
    output("The call was denied: no", { is_error: true }),
    output("It fell.", { is_error: true }),
    output('{"content":[{"type":"image","data":"QUJD","mediaType":"image/png"}],"isError":false}'),
  ]);
});

it.each<[string, unknown, string]>([
  ["a role", { role: "king", content: "" }, "messages[0]"],
  ["a part", { role: "user", content: [{ type: "smell" }] }, "messages[0].content[0] (smell)"],
  ["a file's data", { role: "user", content: [{ type: "file", data: 1, mediaType: "a/b" }] }, "neither bytes"],
  [
    "an approval's call",
    { role: "assistant", content: [{ type: "tool-approval-request", approvalId: "a", toolCallId: "c" }] },
    "a is for a call",
  ],
  [
    "a result",
    { role: "tool", content: [{ type: "tool-result", toolCallId: "c", toolName: "t", output: 1 }] },
    "result of c",
  ],
])("says what is wrong with %s", (_, message, words) => {
  const read = (): unknown => fromModelMessages([message as AnyModelMessage]);
  expect(read).toThrow(words);
  expect(read).toThrow(expect.objectContaining({ code: "invalid_argument" }));
});

it("gives a model again what it was given, for every conversation that it can be given", () => {
  const text = fc.string({ minLength: 1, maxLength: 8 });
  const spokenBy = (role: "user" | "assistant") =>
    text.map((words) => [{ role, content: [{ type: "text" as const, text: words }] }]);
  const called = fc.record({ id: fc.uuid(), output: text, is_error: fc.boolean(), thought: text }).map((one) => [
    { type: "reasoning" as const, role: "assistant" as const, content: [{ type: "text" as const, text: one.thought }] },
    {
      type: "plugin_call" as const,
      role: "assistant" as const,
      content: [{ type: "data" as const, data: { call_id: one.id, name: "look", arguments: '{"a":1}' } }],
    },
    {
      type: "plugin_call_output" as const,
      role: "tool" as const,
      content: [{ type: "data" as const, data: { call_id: one.id, output: one.output, is_error: one.is_error } }],
    },
  ]);
  const turn = fc.oneof(spokenBy("user"), spokenBy("assistant"), called);
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 6 }), (turns) => {
      const given = toModelMessages(turns.flat().map((input) => messageSchema.parse(input)));
      expect(toModelMessages(fromModelMessages(given))).toEqual(given);
    }),
    { numRuns: 200 },
  );
});
