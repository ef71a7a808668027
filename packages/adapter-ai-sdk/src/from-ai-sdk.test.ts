import type { AgentOutput } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { APICallError, dynamicTool, stepCountIs, streamText, tool, ToolLoopAgent } from "ai";
import type { TextStreamPart, ToolSet } from "ai";
import { convertArrayToAsyncIterable, MockLanguageModelV4, simulateReadableStream } from "ai/test";
import { z } from "zod";
import type { AiSdkPart } from "./ai-sdk-part.ts";
import { fromAiSdk } from "./from-ai-sdk.ts";
import type { AiSdkResult, FromAiSdkOptions } from "./from-ai-sdk.ts";

type ModelStream = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"];
type ModelPart = ModelStream extends ReadableStream<infer Part> ? Part : never;

const usage = {
  inputTokens: { total: 10, noCache: 6, cacheRead: 4, cacheWrite: undefined },
  outputTokens: { total: 5, text: 2, reasoning: 3 },
};

function finish(unified: (ModelPart & { type: "finish" })["finishReason"]["unified"] = "stop"): ModelPart {
  return { type: "finish", usage, finishReason: { unified, raw: undefined } };
}

function streamOf(parts: readonly ModelPart[]): ModelStream {
  const chunks: ModelPart[] = [{ type: "stream-start", warnings: [] }, ...parts];
  return simulateReadableStream({ chunks, initialDelayInMs: null, chunkDelayInMs: null });
}

/** A model that answers its calls with these, one after another. */
function modelOf(...answers: readonly ModelPart[][]): MockLanguageModelV4 {
  return new MockLanguageModelV4({ doStream: answers.map((parts) => ({ stream: streamOf(parts) })) });
}

/** A model that is stopped by its abort signal only. */
function endlessModel(): { readonly model: MockLanguageModelV4; readonly stopped: Promise<unknown> } {
  const { promise: stopped, resolve } = Promise.withResolvers<unknown>();
  const model = new MockLanguageModelV4({
    doStream: async () => ({
      stream: new ReadableStream<ModelPart>({
        start: (controller) => {
          controller.enqueue({ type: "stream-start", warnings: [] });
          controller.enqueue({ type: "text-start", id: "0" });
        },
        pull: (controller) => {
          controller.enqueue({ type: "text-delta", id: "0", delta: "again " });
        },
        cancel: resolve,
      }),
    }),
  });
  return { model, stopped };
}

function text(id: string, ...deltas: string[]): ModelPart[] {
  return [
    { type: "text-start", id },
    ...deltas.map((delta) => ({ type: "text-delta", id, delta }) as const),
    { type: "text-end", id },
  ];
}

function call(toolCallId: string, toolName: string, input: unknown): ModelPart {
  return { type: "tool-call", toolCallId, toolName, input: JSON.stringify(input) };
}

/** A part as `ai` declares it; the compiler checks that we can read it. */
function known(part: Extract<TextStreamPart<ToolSet>, { type: AiSdkPart["type"] }>): AiSdkPart {
  return part;
}

/** `streamText` writes errors to the console by itself. */
const base = { prompt: "hello", onError: () => undefined } as const;

async function outputsOf(
  result: AiSdkResult | PromiseLike<AiSdkResult>,
  options?: FromAiSdkOptions,
): Promise<AgentOutput[]> {
  return Array.fromAsync(fromAiSdk(result, options));
}

async function failureOf(result: AiSdkResult | PromiseLike<AiSdkResult>): Promise<unknown> {
  return outputsOf(result).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

function only(outputs: readonly AgentOutput[], ...types: string[]): AgentOutput[] {
  return outputs.filter((output) => typeof output === "object" && types.includes(output.type));
}

const weather = tool({
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, degrees: 21 }),
});

const spent: AgentOutput = {
  type: "usage",
  usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15, cached_input_tokens: 4, reasoning_tokens: 3 },
};

describe("what the agent says", () => {
  it("passes text on as it is written, and the usage at the end", async () => {
    const model = modelOf([...text("0", "Hel", "lo"), finish()]);
    expect(await outputsOf(streamText({ ...base, model }))).toEqual([
      { type: "text.delta", delta: "Hel" },
      { type: "text.delta", delta: "lo" },
      spent,
    ]);
  });

  it("keeps reasoning apart from text, and leaves out signatures without words", async () => {
    const model = modelOf([
      { type: "reasoning-start", id: "r", providerMetadata: { anthropic: { redactedData: "secret" } } },
      { type: "reasoning-delta", id: "r", delta: "Hmm." },
      { type: "reasoning-delta", id: "r", delta: "", providerMetadata: { anthropic: { signature: "secret" } } },
      { type: "reasoning-end", id: "r" },
      ...text("0", "Yes."),
      finish(),
    ]);
    expect(await outputsOf(streamText({ ...base, model }))).toEqual([
      { type: "reasoning.delta", delta: "Hmm." },
      { type: "text.delta", delta: "Yes." },
      spent,
    ]);
  });

  it("makes two messages of two blocks of text", async () => {
    const model = modelOf([...text("0", "One."), ...text("1", "Two", "."), finish()]);
    expect(only(await outputsOf(streamText({ ...base, model })), "text.delta", "message.end")).toEqual([
      { type: "text.delta", delta: "One." },
      { type: "message.end" },
      { type: "text.delta", delta: "Two" },
      { type: "text.delta", delta: "." },
    ]);
  });

  it("leaves it to a call to end the message before it", async () => {
    const model = modelOf(
      [...text("0", "Let me see."), call("c1", "weather", { city: "Oslo" }), finish("tool-calls")],
      [...text("0", "Warm."), finish()],
    );
    const outputs = await outputsOf(streamText({ ...base, model, tools: { weather }, stopWhen: stepCountIs(3) }));
    expect(only(outputs, "message.end")).toEqual([]);
    expect(only(outputs, "text.delta")).toHaveLength(2);
  });

  it("says nothing between a call that the client runs and the words after it", async () => {
    const ask = tool({ inputSchema: z.object({}), outputSchema: z.string() });
    const model = modelOf([...text("0", "One."), call("c1", "ask", {}), ...text("1", "Two."), finish("tool-calls")]);
    expect(await outputsOf(streamText({ ...base, model, tools: { ask } }), { clientTools: ["ask"] })).toEqual([
      { type: "text.delta", delta: "One." },
      { type: "tool.call", callId: "c1", name: "ask", kind: "function", arguments: {} },
      { type: "text.delta", delta: "Two." },
      spent,
    ]);
  });

  it("shows generated files by their media type", async () => {
    const types = ["image/png", "audio/mpeg", "audio/L16;rate=24000", "video/mp4", "application/pdf"];
    const model = modelOf([
      ...types.map((mediaType) => ({ type: "file", mediaType, data: { type: "data", data: "QUJD" } }) as const),
      finish(),
    ]);
    expect(only(await outputsOf(streamText({ ...base, model })), "content")).toEqual([
      { type: "content", content: { type: "image", image_url: "data:image/png;base64,QUJD" } },
      { type: "content", content: { type: "audio", data: "data:audio/mpeg;base64,QUJD", format: "mp3" } },
      {
        type: "content",
        content: { type: "audio", data: "data:audio/L16;rate=24000;base64,QUJD", format: "L16" },
      },
      { type: "content", content: { type: "video", video_url: "data:video/mp4;base64,QUJD" } },
      { type: "content", content: { type: "file", file_data: "data:application/pdf;base64,QUJD" } },
    ]);
  });

  it("tells its sources where they come up, as data", async () => {
    const model = modelOf([
      { type: "text-start", id: "0" },
      { type: "text-delta", id: "0", delta: "See " },
      { type: "source", sourceType: "url", id: "s1", url: "https://example.com/a", title: "A" },
      { type: "text-delta", id: "0", delta: "there." },
      { type: "text-end", id: "0" },
      {
        type: "source",
        sourceType: "document",
        id: "s2",
        mediaType: "application/pdf",
        title: "B",
        filename: "b.pdf",
      },
      finish(),
    ]);
    expect(await outputsOf(streamText({ ...base, model }))).toEqual([
      { type: "text.delta", delta: "See " },
      {
        type: "content",
        content: {
          type: "data",
          data: { type: "source", source_type: "url", id: "s1", title: "A", url: "https://example.com/a" },
        },
      },
      { type: "text.delta", delta: "there." },
      {
        type: "content",
        content: {
          type: "data",
          data: {
            type: "source",
            source_type: "document",
            id: "s2",
            title: "B",
            media_type: "application/pdf",
            filename: "b.pdf",
          },
        },
      },
      spent,
    ]);
  });

  it("leaves out what only the provider understands", async () => {
    const model = modelOf([
      { type: "custom", kind: "openai.compaction" },
      { type: "ping" },
      { type: "raw", rawValue: { id: 1 } },
      { type: "reasoning-file", mediaType: "image/png", data: { type: "data", data: "QUJD" } },
      ...text("0", "Hi."),
      finish(),
    ]);
    const result = streamText({ ...base, model, include: { rawChunks: true } });
    expect(await outputsOf(result)).toEqual([{ type: "text.delta", delta: "Hi." }, spent]);
  });

  it("reads the stream of an agent that is still starting", async () => {
    const agent = new ToolLoopAgent({ model: modelOf([...text("0", "Hi."), finish()]) });
    expect(await outputsOf(agent.stream({ prompt: "hello" }))).toEqual([{ type: "text.delta", delta: "Hi." }, spent]);
  });

  it("reads a stream of parts, and a result that only has a fullStream", async () => {
    const hi = [{ type: "text.delta", delta: "Hi." }, spent];
    const first = streamText({ ...base, model: modelOf([...text("0", "Hi."), finish()]) });
    expect(await outputsOf(first.stream)).toEqual(hi);
    const second = streamText({ ...base, model: modelOf([...text("0", "Hi."), finish()]) });
    expect(await outputsOf({ fullStream: second.stream })).toEqual(hi);
  });
});

describe("calls", () => {
  it("tells a loop of steps in its order, with the usage of each model call", async () => {
    const model = modelOf(
      [
        { type: "tool-input-start", id: "c1", toolName: "weather" },
        { type: "tool-input-delta", id: "c1", delta: '{"city":' },
        { type: "tool-input-delta", id: "c1", delta: '"Oslo"}' },
        { type: "tool-input-end", id: "c1" },
        call("c1", "weather", { city: "Oslo" }),
        finish("tool-calls"),
      ],
      [...text("0", "Warm."), finish()],
    );
    const origin = { callId: "c1", name: "weather", kind: "plugin" } as const;
    expect(await outputsOf(streamText({ ...base, model, tools: { weather }, stopWhen: stepCountIs(3) }))).toEqual([
      { type: "tool.call.delta", ...origin, delta: "" },
      { type: "tool.call.delta", ...origin, delta: '{"city":' },
      { type: "tool.call.delta", ...origin, delta: '"Oslo"}' },
      { type: "tool.call", ...origin, arguments: { city: "Oslo" } },
      { type: "tool.result", ...origin, output: { city: "Oslo", degrees: 21 } },
      spent,
      { type: "text.delta", delta: "Warm." },
      spent,
    ]);
  });

  it("keeps calls apart whose arguments are written at the same time", async () => {
    const model = modelOf([
      { type: "tool-input-start", id: "c1", toolName: "weather" },
      { type: "tool-input-start", id: "c2", toolName: "weather" },
      { type: "tool-input-delta", id: "c1", delta: '{"city":' },
      { type: "tool-input-delta", id: "c2", delta: '{"city":' },
      { type: "tool-input-delta", id: "c2", delta: '"Rome"}' },
      { type: "tool-input-delta", id: "c1", delta: '"Oslo"}' },
      { type: "tool-input-end", id: "c2" },
      call("c2", "weather", { city: "Rome" }),
      { type: "tool-input-end", id: "c1" },
      call("c1", "weather", { city: "Oslo" }),
      finish("tool-calls"),
    ]);
    const outputs = await outputsOf(streamText({ ...base, model, tools: { weather } }));
    const written = Map.groupBy(only(outputs, "tool.call.delta"), (output) =>
      typeof output === "object" && "callId" in output ? output.callId : "",
    );
    const textOf = (callId: string) =>
      written
        .get(callId)
        ?.map((output) => (typeof output === "object" && "delta" in output ? output.delta : ""))
        .join("");
    expect([textOf("c1"), textOf("c2")]).toEqual(['{"city":"Oslo"}', '{"city":"Rome"}']);
    expect(only(outputs, "tool.call")).toMatchObject([{ callId: "c2" }, { callId: "c1" }]);
    expect(only(outputs, "tool.result")).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ callId: "c1", output: { city: "Oslo", degrees: 21 } }),
        expect.objectContaining({ callId: "c2", output: { city: "Rome", degrees: 21 } }),
      ]),
    );
  });

  it("writes input that is bare text as JSON, character for character", async () => {
    const patch = tool({ inputSchema: z.string(), execute: async () => "done" });
    const model = modelOf([
      { type: "tool-input-start", id: "c1", toolName: "patch", inputEncoding: "text" },
      { type: "tool-input-delta", id: "c1", delta: 'say "\ud83d' },
      { type: "tool-input-delta", id: "c1", delta: '\ude00"\n' },
      { type: "tool-input-end", id: "c1" },
      call("c1", "patch", 'say "😀"\n'),
      finish("tool-calls"),
    ]);
    const outputs = await outputsOf(streamText({ ...base, model, tools: { patch } }));
    const deltas = only(outputs, "tool.call.delta").map((output) =>
      typeof output === "object" && "delta" in output ? output.delta : "",
    );
    expect(JSON.parse(deltas.join(""))).toBe('say "😀"\n');
    expect(only(outputs, "tool.call")).toMatchObject([{ arguments: JSON.stringify('say "😀"\n') }]);
  });

  it("replaces results that are not final", async () => {
    const slow = tool({
      inputSchema: z.object({}),
      async *execute() {
        yield "10 %";
        yield "done";
      },
    });
    const model = modelOf([call("c1", "slow", {}), finish("tool-calls")]);
    const outputs = await outputsOf(streamText({ ...base, model, tools: { slow } }));
    const origin = { type: "tool.result", callId: "c1", name: "slow", kind: "plugin" };
    expect(only(outputs, "tool.result")).toEqual([
      { ...origin, output: "10 %", preliminary: true },
      { ...origin, output: "done", preliminary: true },
      { ...origin, output: "done" },
    ]);
  });

  it("answers with null for a tool that returns nothing", async () => {
    const silent = tool({ inputSchema: z.object({}), execute: async () => undefined });
    const model = modelOf([call("c1", "silent", {}), finish("tool-calls")]);
    const outputs = await outputsOf(streamText({ ...base, model, tools: { silent } }));
    expect(only(outputs, "tool.result")).toMatchObject([{ output: null }]);
  });

  it("tells what a tool said when it failed, and goes on", async () => {
    const broken = tool({
      inputSchema: z.object({}),
      execute: async (): Promise<string> => {
        throw new Error("The disk is full.");
      },
    });
    const model = modelOf([call("c1", "broken", {}), finish("tool-calls")], [...text("0", "Sorry."), finish()]);
    const outputs = await outputsOf(streamText({ ...base, model, tools: { broken }, stopWhen: stepCountIs(3) }));
    expect(only(outputs, "tool.result", "text.delta")).toEqual([
      {
        type: "tool.result",
        callId: "c1",
        name: "broken",
        kind: "plugin",
        output: "The disk is full.",
        isError: true,
      },
      { type: "text.delta", delta: "Sorry." },
    ]);
  });

  it("shows calls that the model got wrong as it wrote them, with the reason as their result", async () => {
    const model = modelOf([
      { type: "tool-call", toolCallId: "c1", toolName: "weather", input: '{"city":' },
      call("c2", "nothing", {}),
      finish("tool-calls"),
    ]);
    const outputs = await outputsOf(streamText({ ...base, model, tools: { weather } }));
    expect(only(outputs, "tool.call", "tool.result")).toMatchObject([
      { type: "tool.call", callId: "c1", arguments: '{"city":' },
      { type: "tool.result", callId: "c1", isError: true, output: expect.stringContaining("weather") },
      { type: "tool.call", callId: "c2", arguments: {} },
      { type: "tool.result", callId: "c2", isError: true, output: expect.stringContaining("nothing") },
    ]);
  });

  it("names the calls that the client has to run, and leaves the run complete", async () => {
    const ask = tool({ inputSchema: z.object({ question: z.string() }), outputSchema: z.string() });
    const model = modelOf([
      { type: "tool-input-start", id: "c1", toolName: "ask" },
      { type: "tool-input-delta", id: "c1", delta: '{"question":"Where?"}' },
      { type: "tool-input-end", id: "c1" },
      call("c1", "ask", { question: "Where?" }),
      finish("tool-calls"),
    ]);
    const outputs = await outputsOf(streamText({ ...base, model, tools: { ask } }), { clientTools: ["ask"] });
    const origin = { callId: "c1", name: "ask", kind: "function" };
    expect(outputs).toEqual([
      { type: "tool.call.delta", ...origin, delta: "" },
      { type: "tool.call.delta", ...origin, delta: '{"question":"Where?"}' },
      { type: "tool.call", ...origin, arguments: { question: "Where?" } },
      spent,
    ]);
  });

  it("knows the tools of an MCP client by what they say about themselves", async () => {
    const search = dynamicTool({
      inputSchema: z.object({}),
      execute: async () => ({ content: [] }),
      metadata: { clientName: "docs", toolName: "search" },
    });
    const model = modelOf([
      { type: "tool-input-start", id: "c1", toolName: "search" },
      { type: "tool-input-end", id: "c1" },
      call("c1", "search", {}),
      finish("tool-calls"),
    ]);
    const outputs = await outputsOf(streamText({ ...base, model, tools: { search } }));
    const origin = { callId: "c1", name: "search", kind: "mcp", serverLabel: "docs" };
    expect(only(outputs, "tool.call.delta", "tool.call", "tool.result")).toEqual([
      { type: "tool.call.delta", ...origin, delta: "" },
      { type: "tool.call", ...origin, arguments: {} },
      { type: "tool.result", ...origin, output: { content: [] } },
    ]);
  });

  it("knows the MCP tools that a provider runs, and takes its other tools for the agent's own", async () => {
    const byProvider = { providerExecuted: true, dynamic: true, input: "{}" } as const;
    const anthropic = { anthropic: { type: "mcp-tool-use", serverName: "echo" } };
    const model = modelOf([
      { type: "tool-call", toolCallId: "c1", toolName: "echo", ...byProvider, providerMetadata: anthropic },
      { type: "tool-result", toolCallId: "c1", toolName: "echo", result: "hi", dynamic: true },
      { type: "tool-call", toolCallId: "c2", toolName: "mcp.roll", ...byProvider },
      { type: "tool-result", toolCallId: "c2", toolName: "mcp.roll", result: { why: "no dice" }, isError: true },
      { type: "tool-call", toolCallId: "c3", toolName: "web_search", ...byProvider },
      { type: "tool-result", toolCallId: "c3", toolName: "web_search", result: { found: 1 }, dynamic: true },
      call("c4", "mcp.mine", {}),
      finish(),
    ]);
    const mine = tool({ inputSchema: z.object({}), outputSchema: z.string() });
    const result = streamText({ ...base, model, tools: { "mcp.mine": mine } });
    expect(only(await outputsOf(result, { clientTools: ["web_search"] }), "tool.call", "tool.result")).toEqual([
      { type: "tool.call", callId: "c1", name: "echo", kind: "mcp", serverLabel: "echo", arguments: {} },
      { type: "tool.result", callId: "c1", name: "echo", kind: "mcp", serverLabel: "echo", output: "hi" },
      { type: "tool.call", callId: "c2", name: "mcp.roll", kind: "mcp", arguments: {} },
      {
        type: "tool.result",
        callId: "c2",
        name: "mcp.roll",
        kind: "mcp",
        output: { why: "no dice" },
        isError: true,
      },
      { type: "tool.call", callId: "c3", name: "web_search", kind: "plugin", arguments: {} },
      { type: "tool.result", callId: "c3", name: "web_search", kind: "plugin", output: { found: 1 } },
      { type: "tool.call", callId: "c4", name: "mcp.mine", kind: "plugin", arguments: {} },
    ]);
  });

  it("asks a person before a tool that needs it, after the call itself", async () => {
    const model = modelOf([call("c1", "weather", { city: "Oslo" }), finish("tool-calls")]);
    const result = streamText({ ...base, model, tools: { weather }, toolApproval: { weather: "user-approval" } });
    expect(await outputsOf(result)).toEqual([
      { type: "tool.call", callId: "c1", name: "weather", kind: "plugin", arguments: { city: "Oslo" } },
      { type: "approval.request", id: expect.any(String), name: "weather", arguments: { city: "Oslo" } },
      spent,
    ]);
  });

  it("asks nobody where a policy answers, and says what it denied and why", async () => {
    const model = modelOf([call("c1", "weather", { city: "Oslo" }), finish("tool-calls")]);
    const result = streamText({
      ...base,
      model,
      tools: { weather },
      toolApproval: { weather: { type: "denied", reason: "Not in winter." } },
    });
    const outputs = await outputsOf(result);
    expect(only(outputs, "approval.request")).toEqual([]);
    expect(only(outputs, "tool.result")).toEqual([
      {
        type: "tool.result",
        callId: "c1",
        name: "weather",
        kind: "plugin",
        output: "The call was denied: Not in winter.",
        isError: true,
      },
    ]);
  });
});

describe("how it ends", () => {
  it.each([
    ["length", "max_tokens"],
    ["content-filter", "content_filter"],
    ["interrupted", "interrupted"],
  ] as const)("is incomplete when the model stopped for %s", async (unified, reason) => {
    const model = modelOf([...text("0", "Once upon"), finish(unified)]);
    expect((await outputsOf(streamText({ ...base, model }))).at(-1)).toEqual({ type: "incomplete", reason });
  });

  it("fails when the model says that it failed", async () => {
    const model = modelOf([...text("0", "Once"), finish("error")]);
    expect(await failureOf(streamText({ ...base, model }))).toMatchObject({ code: "unavailable" });
  });

  it("reports no usage when the provider counts nothing", async () => {
    const nothing = {
      inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: undefined, text: undefined, reasoning: undefined },
    };
    const end: ModelPart = { type: "finish", usage: nothing, finishReason: { unified: "stop", raw: undefined } };
    const outputs = await outputsOf(streamText({ ...base, model: modelOf([...text("0", "Hi."), end]) }));
    expect(outputs).toEqual([{ type: "text.delta", delta: "Hi." }]);
  });

  it("fails with a code of ours and nothing of the provider's when the call cannot begin", async () => {
    const refusal = new APICallError({
      message: "Incorrect API key provided: sk-123",
      url: "https://api.example.com/v1",
      requestBodyValues: { secret: "sk-123" },
      statusCode: 401,
      responseBody: '{"error":"sk-123"}',
    });
    const model = new MockLanguageModelV4({
      doStream: async () => {
        throw refusal;
      },
    });
    const failure = await failureOf(streamText({ ...base, model }));
    expect(failure).toMatchObject({ code: "unavailable", cause: refusal });
    expect(JSON.stringify(failure)).not.toContain("sk-123");
  });

  it("tells the last of several tries", async () => {
    const busy = new APICallError({ message: "busy", url: "x", requestBodyValues: {}, statusCode: 429 });
    const model = new MockLanguageModelV4({
      doStream: async () => {
        throw busy;
      },
    });
    expect(await failureOf(streamText({ ...base, model, maxRetries: 0 }))).toMatchObject({
      code: "resource_exhausted",
    });
  });

  it("says what came before a failure in the middle", async () => {
    const model = modelOf([
      { type: "text-start", id: "0" },
      { type: "text-delta", id: "0", delta: "Once" },
      { type: "error", error: { type: "error", error: { type: "overloaded_error", message: "Overloaded" } } },
    ]);
    const outputs = fromAiSdk(streamText({ ...base, model }));
    expect((await outputs.next()).value).toEqual({ type: "text.delta", delta: "Once" });
    await expect(outputs.next()).rejects.toMatchObject({ code: "unavailable" });
    expect(await outputs.next()).toEqual({ done: true, value: undefined });
  });

  it("passes an error of ours on as it is", async () => {
    const mine = new RuntimeError("permission_denied", "Not today.");
    const model = new MockLanguageModelV4({
      doStream: async () => {
        throw mine;
      },
    });
    expect(await failureOf(streamText({ ...base, model }))).toBe(mine);
  });

  it("hides what it does not know", async () => {
    const model = modelOf([{ type: "error", error: new Error("secret path") }]);
    expect(await failureOf(streamText({ ...base, model }))).toMatchObject({
      code: "internal",
      message: "Internal error.",
    });
  });

  it("fails when the agent could not start, also when that is known before anybody reads", async () => {
    const outputs = fromAiSdk(Promise.reject(new RuntimeError("unavailable", "No model.")));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    await expect(outputs.next()).rejects.toMatchObject({ code: "unavailable", message: "No model." });
  });

  it("is canceled when its signal aborts, and stops the model", async () => {
    const { model, stopped } = endlessModel();
    const controller = new AbortController();
    const outputs = fromAiSdk(streamText({ ...base, model, abortSignal: controller.signal }));
    await outputs.next();
    controller.abort();
    await expect(Array.fromAsync(outputs)).rejects.toMatchObject({ code: "canceled" });
    await stopped;
  });

  it("is canceled when its signal has aborted before", async () => {
    const { model } = endlessModel();
    const result = streamText({ ...base, model, abortSignal: AbortSignal.abort() });
    expect(await failureOf(result)).toMatchObject({ code: "canceled" });
  });

  it.each([
    ["The operation was aborted due to timeout", "deadline_exceeded"],
    ["Step timeout of 5ms exceeded", "deadline_exceeded"],
    ["This operation was aborted", "canceled"],
  ])("takes an abort for what its reason says: %s", async (reason, code) => {
    const stream = convertArrayToAsyncIterable([known({ type: "abort", reason })]);
    expect(await failureOf(stream)).toMatchObject({ code });
  });

  it("returns the SDK's iterator when the reader leaves early", async () => {
    const left: string[] = [];
    async function* stream() {
      try {
        yield known({ type: "text-delta", id: "0", text: "One" });
        yield known({ type: "text-delta", id: "0", text: "Two" });
      } finally {
        left.push("left");
      }
    }
    for await (const output of fromAiSdk({ stream: stream() })) {
      expect(output).toEqual({ type: "text.delta", delta: "One" });
      break;
    }
    expect(left).toEqual(["left"]);
  });

  it("lets the signal stop the model after the reader has left", async () => {
    const { model, stopped } = endlessModel();
    const controller = new AbortController();
    for await (const output of fromAiSdk(streamText({ ...base, model, abortSignal: controller.signal }))) {
      expect(output).toEqual({ type: "text.delta", delta: "again " });
      break;
    }
    controller.abort();
    await stopped;
  });
});
