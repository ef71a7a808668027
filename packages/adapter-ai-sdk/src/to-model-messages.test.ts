import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message, MessageInput } from "@agentscope-runtime/protocol";
import { stepCountIs, streamText, tool } from "ai";
import type { ModelMessage } from "ai";
import { MockLanguageModelV4, simulateReadableStream } from "ai/test";
import { z } from "zod";
import { fromAiSdk } from "./from-ai-sdk.ts";
import { toModelMessages } from "./to-model-messages.ts";

type ModelStream = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"];
type ModelPart = ModelStream extends ReadableStream<infer Part> ? Part : never;

function messages(...inputs: MessageInput[]): Message[] {
  return inputs.map((input) => messageSchema.parse(input));
}

function said(role: "user" | "assistant" | "system", words: string): MessageInput {
  return { role, content: [{ type: "text", text: words }] };
}

function data(type: NonNullable<MessageInput["type"]>, fields: Record<string, unknown>): MessageInput {
  return { type, content: [{ type: "data", data: fields }] };
}

function call(callId: string, name = "weather", json = "{}"): MessageInput {
  return data("plugin_call", { call_id: callId, name, arguments: json });
}

function output(callId: string, answer: string, isError?: boolean): MessageInput {
  return data("plugin_call_output", { call_id: callId, name: "weather", output: answer, is_error: isError });
}

function approvalRequest(id: string, json = "{}", name = "weather"): MessageInput {
  return data("mcp_approval_request", { id, name, arguments: json, server_label: "" });
}

function approvalResponse(id: string, approve: boolean, reason?: string): MessageInput {
  return data("mcp_approval_response", { approval_request_id: id, approve, reason });
}

function text(delta: string): ModelPart[] {
  return [
    { type: "text-start", id: "0" },
    { type: "text-delta", id: "0", delta },
    { type: "text-end", id: "0" },
  ];
}

const done: ModelPart = {
  type: "finish",
  finishReason: { unified: "stop", raw: undefined },
  usage: {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  },
};

function listener(): MockLanguageModelV4 {
  return new MockLanguageModelV4({
    // It takes URLs as they are; with any other the SDK would download them.
    supportedUrls: { "*/*": [/.*/] },
    doStream: async () => ({
      stream: simulateReadableStream({
        chunks: [{ type: "stream-start" as const, warnings: [] }, ...text("Ok."), done],
        initialDelayInMs: null,
        chunkDelayInMs: null,
      }),
    }),
  });
}

/** What a model is really sent when the SDK gets these messages. */
async function promptOf(history: ModelMessage[]): Promise<unknown> {
  const model = listener();
  const result = streamText({ model, messages: history, allowSystemInMessages: true, onError: () => undefined });
  await Array.fromAsync(fromAiSdk(result));
  // JSON leaves out what is undefined.
  return JSON.parse(JSON.stringify(model.doStreamCalls[0]?.prompt));
}

async function sent(...inputs: MessageInput[]): Promise<unknown> {
  return promptOf(toModelMessages(messages(...inputs)));
}

/** One model call with a tool that needs a person; the history comes first. */
async function resumed(...inputs: MessageInput[]) {
  const ran: string[] = [];
  const weather = tool({
    inputSchema: z.object({ city: z.string() }),
    execute: async (input) => {
      ran.push(input.city);
      return { degrees: 21 };
    },
  });
  const model = listener();
  const outputs = await Array.fromAsync(
    fromAiSdk(
      streamText({
        model,
        messages: toModelMessages(messages(...inputs)),
        tools: { weather },
        toolApproval: { weather: "user-approval" },
        stopWhen: stepCountIs(2),
        onError: () => undefined,
      }),
    ),
  );
  const prompt: unknown = JSON.parse(JSON.stringify(model.doStreamCalls[0]?.prompt));
  return { ran, outputs, prompt };
}

function resultOf(toolCallId: string, toolName: string, value: unknown) {
  return { type: "tool-result", toolCallId, toolName, output: value };
}

function url(at: string) {
  return { type: "url", url: at };
}

function bytes(base64: string) {
  return { type: "data", data: base64 };
}

const noResult = { type: "error-text", value: "No result: the run ended before the tool answered." };

describe("words", () => {
  it("tells who said what", async () => {
    const refusal: MessageInput = { role: "assistant", content: [{ type: "refusal", refusal: "I would rather not." }] };
    expect(await sent(said("system", "Be brief."), said("user", "Hi"), refusal, said("user", "Why?"))).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "Hi" }] },
      { role: "assistant", content: [{ type: "text", text: "I would rather not." }] },
      { role: "user", content: [{ type: "text", text: "Why?" }] },
    ]);
  });

  it("takes a message without a role for the user's", () => {
    expect(toModelMessages(messages({ content: [{ type: "text", text: "Hi" }] }))).toMatchObject([{ role: "user" }]);
  });

  it("joins what an agent said without a pause into one message", async () => {
    const reasoning: MessageInput = { type: "reasoning", content: [{ type: "text", text: "Hmm." }] };
    expect(await sent(said("user", "Hi"), reasoning, said("assistant", "One."), said("assistant", "Two."))).toEqual([
      { role: "user", content: [{ type: "text", text: "Hi" }] },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "Hmm." },
          { type: "text", text: "One." },
          { type: "text", text: "Two." },
        ],
      },
    ]);
  });

  it("leaves out reasoning that led to nothing, and messages that say nothing", () => {
    const reasoning: MessageInput = { type: "reasoning", content: [{ type: "text", text: "Hmm." }] };
    const empty: MessageInput = { role: "user", content: [{ type: "text", text: "" }] };
    const nothing: MessageInput = { role: "assistant", content: null };
    expect(toModelMessages(messages(said("user", "Hi"), reasoning, empty, nothing))).toEqual([
      { role: "user", content: [{ type: "text", text: "Hi" }] },
    ]);
  });

  it("tells data as JSON text, but no sources", () => {
    const rows: MessageInput = { role: "user", content: [{ type: "data", data: { rows: [1, 2] } }] };
    const source: MessageInput = {
      role: "assistant",
      content: [
        { type: "text", text: "Here." },
        { type: "data", data: { type: "source", source_type: "url", id: "s", url: "https://example.com" } },
      ],
    };
    expect(toModelMessages(messages(rows, source))).toEqual([
      { role: "user", content: [{ type: "text", text: '{"rows":[1,2]}' }] },
      { role: "assistant", content: [{ type: "text", text: "Here." }] },
    ]);
  });

  it("tells what a user did with a surface, and leaves out what was only meant for clients", () => {
    const history = messages(
      data("mcp_list_tools", { id: "l" }),
      data("component_call", { call_id: "k", name: "chart", arguments: "{}" }),
      data("component_call_output", { call_id: "k", output: "clicked" }),
      data("a2ui_response", { surface: 1 }),
      data("a2ui_action", { action: "buy" }),
      { type: "heartbeat" },
      { type: "error", code: "internal", message: "Internal error." },
    );
    expect(toModelMessages(history)).toEqual([
      { role: "user", content: [{ type: "text", text: '{"call_id":"k","output":"clicked"}' }] },
      { role: "user", content: [{ type: "text", text: '{"action":"buy"}' }] },
    ]);
  });
});

describe("files", () => {
  it.each<[string, NonNullable<MessageInput["content"]>[number], unknown]>([
    [
      "an image in the message",
      { type: "image", image_url: "DATA:image/png;base64,QUJD" },
      { mediaType: "image/png", data: bytes("QUJD") },
    ],
    [
      "an image at a URL",
      { type: "image", image_url: "https://example.com/a.webp?x=1" },
      { mediaType: "image/webp", data: url("https://example.com/a.webp?x=1") },
    ],
    [
      "an image at a URL that tells nothing",
      { type: "image", image_url: "https://example.com/photo.php" },
      { mediaType: "image/*", data: url("https://example.com/photo.php") },
    ],
    [
      "audio with its format",
      { type: "audio", data: "QUJD", format: "mp3" },
      { mediaType: "audio/mpeg", data: bytes("QUJD") },
    ],
    [
      "audio with a media type for its format",
      { type: "audio", data: "QUJD", format: "audio/x-m4a" },
      { mediaType: "audio/x-m4a", data: bytes("QUJD") },
    ],
    ["audio without a format", { type: "audio", data: "QUJD" }, { mediaType: "audio/*", data: bytes("QUJD") }],
    [
      "audio in a data: URL",
      { type: "audio", data: "data:audio/wav;base64,QUJD", format: "wav" },
      { mediaType: "audio/wav", data: bytes("QUJD") },
    ],
    [
      "audio at a URL",
      { type: "audio", data: "https://example.com/a.ogg" },
      { mediaType: "audio/ogg", data: url("https://example.com/a.ogg") },
    ],
    [
      "a video",
      { type: "video", video_url: "https://example.com/a.mp4" },
      { mediaType: "video/mp4", data: url("https://example.com/a.mp4") },
    ],
    [
      "a file with a name",
      { type: "file", file_data: "QUJD", filename: "report.PDF" },
      { mediaType: "application/pdf", filename: "report.PDF", data: bytes("QUJD") },
    ],
    [
      "a file with a name in the other spelling",
      { type: "file", file_url: "https://example.com/download", file_name: "a.csv" },
      { mediaType: "text/csv", filename: "a.csv", data: url("https://example.com/download") },
    ],
    [
      "a file that tells nothing",
      { type: "file", file_data: "QUJD" },
      { mediaType: "application/octet-stream", data: bytes("QUJD") },
    ],
    [
      "a file in a data: URL with parameters",
      { type: "file", file_data: "data:text/plain;charset=utf-8;base64,QUJD" },
      { mediaType: "text/plain", data: bytes("QUJD") },
    ],
    [
      "a file in a data: URL that is not base64",
      { type: "file", file_data: "data:text/plain,A%42C" },
      { mediaType: "text/plain", data: bytes("QUJD") },
    ],
  ])("sends %s", async (_, part, file) => {
    expect(await sent({ role: "user", content: [part] })).toEqual([
      { role: "user", content: [{ type: "file", ...(file as object) }] },
    ]);
  });

  it("sends what an agent drew", async () => {
    const drawn: MessageInput = {
      role: "assistant",
      content: [{ type: "image", image_url: "data:image/png;base64,QUJD" }],
    };
    expect(await sent(said("user", "Draw!"), drawn, said("user", "Larger!"))).toMatchObject([
      { role: "user" },
      { role: "assistant", content: [{ type: "file", mediaType: "image/png", data: bytes("QUJD") }] },
      { role: "user" },
    ]);
  });

  it("sends the id of a file at a provider that was named", async () => {
    const history = messages({ role: "user", content: [{ type: "file", file_id: "file-1", filename: "a.pdf" }] });
    expect(await promptOf(toModelMessages(history, { fileProvider: "openai" }))).toEqual([
      {
        role: "user",
        content: [
          {
            type: "file",
            mediaType: "application/pdf",
            filename: "a.pdf",
            data: { type: "reference", reference: { openai: "file-1" } },
          },
        ],
      },
    ]);
  });

  it.each<[string, MessageInput]>([
    ["image", { role: "user", content: [{ type: "image" }] }],
    ["image", { role: "user", content: [{ type: "image", image_url: "iVBORw0KGgo" }] }],
    ["image", { role: "user", content: [{ type: "image", image_url: "data:image/png" }] }],
    ["audio", { role: "user", content: [{ type: "audio" }] }],
    ["video", { role: "assistant", content: [{ type: "video" }] }],
    ["file", { role: "user", content: [{ type: "file" }] }],
    ["file", { role: "user", content: [{ type: "file", file_id: "file-1" }] }],
    ["file", { role: "user", content: [{ type: "file", file_data: "data:text/plain,%E0%A4%A" }] }],
    ["image", { role: "system", content: [{ type: "image", image_url: "https://example.com/a.png" }] }],
    ["message", { role: "tool", content: [{ type: "text", text: "42" }] }],
    ["plugin_call", data("plugin_call", { name: "weather", arguments: "{}" })],
    ["function_call", data("function_call", { call_id: "c1", arguments: "{}" })],
    ["plugin_call_output", data("plugin_call_output", { output: "42" })],
    ["mcp_approval_response", data("mcp_approval_response", { approve: true })],
  ])("names the message when it cannot send its %s", (kind, message) => {
    let failure: unknown;
    try {
      toModelMessages(messages(said("user", "Hi"), message));
    } catch (thrown) {
      failure = thrown;
    }
    expect(failure).toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(`messages[1] (${kind})`),
    });
  });
});

describe("calls and their answers", () => {
  it("makes messages of a turn with calls of every kind", async () => {
    const prompt = await sent(
      said("user", "Hi"),
      said("assistant", "Let me see."),
      call("c1", "weather", '{"city":"Oslo"}'),
      data("mcp_call", { call_id: "c2", name: "search", arguments: "", server_label: "docs" }),
      data("function_call", { call_id: "c3", name: "ask", arguments: "{}" }),
      data("mcp_call_output", { call_id: "c2", name: null, output: "[1]" }),
      output("c1", '{"degrees":21}'),
      data("function_call_output", { call_id: "c3", output: "Oslo" }),
      said("assistant", "Warm."),
    );
    expect(prompt).toEqual([
      { role: "user", content: [{ type: "text", text: "Hi" }] },
      {
        role: "assistant",
        content: [
          { type: "text", text: "Let me see." },
          { type: "tool-call", toolCallId: "c1", toolName: "weather", input: { city: "Oslo" } },
          { type: "tool-call", toolCallId: "c2", toolName: "search", input: {} },
          { type: "tool-call", toolCallId: "c3", toolName: "ask", input: {} },
        ],
      },
      {
        role: "tool",
        content: [
          resultOf("c2", "search", { type: "json", value: [1] }),
          resultOf("c1", "weather", { type: "json", value: { degrees: 21 } }),
          resultOf("c3", "ask", { type: "text", value: "Oslo" }),
        ],
      },
      { role: "assistant", content: [{ type: "text", text: "Warm." }] },
    ]);
  });

  it("puts a late answer behind its call, whatever was said in between", async () => {
    const prompt = await sent(
      call("c1"),
      call("c2"),
      output("c1", "one"),
      said("assistant", "Still waiting."),
      said("user", "Hurry."),
      output("c2", "two"),
    );
    expect(prompt).toMatchObject([
      { role: "assistant", content: [{ toolCallId: "c1" }, { toolCallId: "c2" }] },
      { role: "tool", content: [{ toolCallId: "c1" }, { toolCallId: "c2", output: { value: "two" } }] },
      { role: "assistant", content: [{ text: "Still waiting." }] },
      { role: "user", content: [{ text: "Hurry." }] },
    ]);
  });

  it.each([
    ['{"a":1}', false, { type: "json", value: { a: 1 } }],
    ['{"a":1}', true, { type: "error-json", value: { a: 1 } }],
    ["The disk is full.", true, { type: "error-text", value: "The disk is full." }],
    ["42", false, { type: "text", value: "42" }],
    ["[not json", false, { type: "text", value: "[not json" }],
    ['{"id":12345678901234567890}', false, { type: "text", value: '{"id":12345678901234567890}' }],
    ["", false, { type: "text", value: "" }],
  ])("answers with %s (failed: %s) as it was said", async (answer, isError, value) => {
    expect(await sent(call("c1"), output("c1", answer, isError))).toMatchObject([
      {},
      { role: "tool", content: [{ output: value }] },
    ]);
  });

  it("keeps arguments that are not JSON where a model can read them", async () => {
    expect(await sent(call("c1", "weather", '{"city":'), output("c1", "bad input", true))).toMatchObject([
      { content: [{ type: "tool-call", input: { invalid_arguments: '{"city":' } }] },
      {},
    ]);
  });

  it.each(["", "null", "{}"])("takes arguments that are %p for none", async (json) => {
    expect(toModelMessages(messages(call("c1", "weather", json)))[0]).toEqual({
      role: "assistant",
      content: [{ type: "tool-call", toolCallId: "c1", toolName: "weather", input: {} }],
    });
  });

  it("keeps arguments that are one text", async () => {
    expect(await sent(call("c1", "patch", '"*** Begin"'), output("c1", "done"))).toMatchObject([
      { content: [{ type: "tool-call", input: "*** Begin" }] },
      {},
    ]);
  });

  it("answers calls that nobody has answered, in the middle and at the end", async () => {
    expect(await sent(call("c1"), said("user", "Never mind."), call("c2"))).toEqual([
      { role: "assistant", content: [{ type: "tool-call", toolCallId: "c1", toolName: "weather", input: {} }] },
      {
        role: "tool",
        content: [{ type: "tool-result", toolCallId: "c1", toolName: "weather", output: noResult }],
      },
      { role: "user", content: [{ type: "text", text: "Never mind." }] },
      { role: "assistant", content: [{ type: "tool-call", toolCallId: "c2", toolName: "weather", input: {} }] },
      {
        role: "tool",
        content: [{ type: "tool-result", toolCallId: "c2", toolName: "weather", output: noResult }],
      },
    ]);
  });

  it("drops answers to nothing, and second answers", async () => {
    expect(
      await sent(said("user", "Hi"), output("c0", "lost"), call("c1"), output("c1", "one"), output("c1", "two")),
    ).toMatchObject([
      { role: "user" },
      { role: "assistant", content: [{ toolCallId: "c1" }] },
      { role: "tool", content: [{ toolCallId: "c1", output: { value: "one" } }] },
    ]);
  });

  it("tells calls apart that use an id again", async () => {
    const again = [call("c1"), output("c1", "one"), said("user", "Again!"), call("c1"), output("c1", "two")];
    expect(await sent(...again)).toMatchObject([
      {},
      { content: [{ output: { value: "one" } }] },
      {},
      {},
      { content: [{ output: { value: "two" } }] },
    ]);
  });
});

describe("approvals", () => {
  const city = '{"city":"Oslo"}';
  const asked = [said("user", "Hi"), call("c1", "weather", city), approvalRequest("a1", city)];

  it("runs a call that a person approved, and tells its result", async () => {
    const { ran, outputs, prompt } = await resumed(...asked, approvalResponse("a1", true));
    expect(ran).toEqual(["Oslo"]);
    expect(outputs[0]).toEqual({
      type: "tool.result",
      callId: "c1",
      name: "weather",
      kind: "plugin",
      output: { degrees: 21 },
    });
    expect(prompt).toMatchObject([
      { role: "user" },
      { role: "assistant", content: [{ type: "tool-call", toolCallId: "c1" }] },
      { role: "tool", content: [{ type: "tool-result", output: { type: "json", value: { degrees: 21 } } }] },
    ]);
  });

  it("does not run a call that a person denied, and tells the model why", async () => {
    const { ran, outputs, prompt } = await resumed(...asked, approvalResponse("a1", false, "Not now."));
    expect(ran).toEqual([]);
    expect(outputs[0]).toMatchObject({ type: "tool.result", callId: "c1", isError: true });
    expect(prompt).toMatchObject([
      {},
      {},
      { role: "tool", content: [{ output: { type: "execution-denied", reason: "Not now." } }] },
    ]);
  });

  it("does not run it again in later turns", async () => {
    const answered = [...asked, approvalResponse("a1", true), output("c1", '{"degrees":21}')];
    const { ran, prompt } = await resumed(...answered, said("assistant", "Warm."), said("user", "Thanks."));
    expect(ran).toEqual([]);
    expect(prompt).toMatchObject([
      { role: "user" },
      { role: "assistant" },
      { role: "tool", content: [{ type: "tool-result", output: { type: "json" } }] },
      { role: "assistant" },
      { role: "user" },
    ]);
  });

  it("remembers a denial in later turns", async () => {
    const twice = [...asked, approvalResponse("a1", false), approvalResponse("a1", true)];
    const denied = [...twice, output("c1", "The call was denied.", true)];
    expect((await resumed(...denied, said("user", "Why not?"))).prompt).toMatchObject([
      {},
      {},
      { role: "tool", content: [{ type: "tool-result", output: { type: "execution-denied" } }] },
      {},
    ]);
  });

  it("remembers a denial that no run has told the model", async () => {
    const { prompt } = await resumed(...asked, approvalResponse("a1", false, "No."), said("user", "Go on."));
    expect(prompt).toMatchObject([{}, {}, { content: [{ output: { type: "execution-denied", reason: "No." } }] }, {}]);
  });

  it("gives up on a call that a person did not answer, or answered too late", async () => {
    const { ran, prompt } = await resumed(...asked, said("user", "Forget it."));
    expect(ran).toEqual([]);
    expect(prompt).toMatchObject([{}, {}, { role: "tool", content: [{ output: noResult }] }, { role: "user" }]);
    const late = await resumed(...asked, approvalResponse("a1", true), said("user", "And the news?"));
    expect(late.ran).toEqual([]);
    expect(late.prompt).toMatchObject([{}, {}, { role: "tool", content: [{ output: noResult }] }, { role: "user" }]);
  });

  it("finds the call of each request, also among calls that look the same", async () => {
    const { ran } = await resumed(
      call("c1", "weather", city),
      call("c2", "weather", city),
      call("c3", "weather", '{"city":"Rome"}'),
      approvalRequest("a3", '{"city":"Rome"}'),
      approvalRequest("a1", city),
      approvalRequest("a2", city),
      approvalResponse("a1", false),
      approvalResponse("a2", true),
      approvalResponse("a3", true),
    );
    expect(ran).toEqual(["Oslo", "Rome"]);
  });

  it("takes a request that is sent along with its answer for the one it knows", async () => {
    const { ran, prompt } = await resumed(...asked, approvalRequest("a1", city), approvalResponse("a1", true));
    expect(ran).toEqual(["Oslo"]);
    expect(prompt).toMatchObject([{}, { role: "assistant", content: [{ toolCallId: "c1" }] }, { role: "tool" }]);
  });

  it("makes a call of a request that has none, and drops answers to nothing", async () => {
    const { ran } = await resumed(
      said("user", "Hi"),
      approvalRequest("a1", city),
      approvalResponse("a0", true),
      approvalResponse("a1", true),
    );
    expect(ran).toEqual(["Oslo"]);
  });

  it("leaves it to the provider to run the MCP tools that are its own", async () => {
    const prompt = await sent(
      said("user", "Hi"),
      data("mcp_call", { call_id: "c1", name: "mcp.roll", arguments: "{}", server_label: "" }),
      approvalRequest("a1", "{}", "mcp.roll"),
      approvalResponse("a1", true),
    );
    expect(prompt).toEqual([
      { role: "user", content: [{ type: "text", text: "Hi" }] },
      {
        role: "assistant",
        content: [{ type: "tool-call", toolCallId: "c1", toolName: "mcp.roll", input: {}, providerExecuted: true }],
      },
      { role: "tool", content: [{ type: "tool-approval-response", approvalId: "a1", approved: true }] },
    ]);
  });

  it("counts a call once that a provider tells again after it was approved", async () => {
    const roll = { call_id: "c1", name: "mcp.roll", arguments: "{}", server_label: "" };
    const prompt = await sent(
      data("mcp_call", roll),
      approvalRequest("a1", "{}", "mcp.roll"),
      approvalResponse("a1", true),
      data("mcp_call", roll),
      data("mcp_call_output", { call_id: "c1", output: "6" }),
    );
    expect(prompt).toMatchObject([
      { role: "assistant", content: [{ toolCallId: "c1" }] },
      { role: "tool", content: [{ type: "tool-result", toolCallId: "c1", output: { value: "6" } }] },
    ]);
  });
});
