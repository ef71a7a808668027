import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import OpenAI from "openai";
import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import type { ResponseOutputItem, ResponseStreamEvent } from "openai/resources/responses/responses";
import type { AgentOutput } from "../agent-output.ts";
import { fromOpenAIStream } from "./from-openai-stream.ts";
import type { FromOpenAIStreamOptions } from "./from-openai-stream.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** OpenAI's own client in front of a server that answers so. */
async function withClient<T>(answer: Answer, use: (client: OpenAI) => Promise<T>): Promise<T> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await use(new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: "sk-123", maxRetries: 0 }));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const streamed =
  (events: readonly object[], end = "data: [DONE]\n\n"): Answer =>
  (_, response) => {
    response.setHeader("content-type", "text/event-stream");
    for (const event of events) {
      const name = "type" in event ? `event: ${String(event.type)}\n` : "";
      response.write(`${name}data: ${JSON.stringify(event)}\n\n`);
    }
    response.end(end);
  };

const refused =
  (status: number, error: object): Answer =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
  };

type Delta = ChatCompletionChunk.Choice.Delta;

const chunk = (delta: Delta & object, more: Partial<ChatCompletionChunk.Choice> = {}): ChatCompletionChunk => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "gpt",
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});
const finish = (finish_reason: ChatCompletionChunk.Choice["finish_reason"]): ChatCompletionChunk =>
  chunk({}, { finish_reason });
const usageChunk = (prompt_tokens: number, completion_tokens: number): ChatCompletionChunk => ({
  ...chunk({}),
  choices: [],
  usage: {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: 2 },
    completion_tokens_details: { reasoning_tokens: 1 },
  },
});

/** By OpenAI's client, as users have it. */
async function chat(events: readonly object[], options?: FromOpenAIStreamOptions): Promise<AgentOutput[]> {
  return withClient(streamed(events), async (client) =>
    Array.fromAsync(
      fromOpenAIStream(client.chat.completions.create({ model: "gpt", messages: [], stream: true }), options),
    ),
  );
}

async function respond(events: readonly object[], options?: FromOpenAIStreamOptions): Promise<AgentOutput[]> {
  return withClient(streamed(events, ""), async (client) =>
    Array.fromAsync(fromOpenAIStream(client.responses.create({ model: "gpt", input: "", stream: true }), options)),
  );
}

/** What was told before it broke, and by what. */
async function broken(output: AsyncIterable<AgentOutput>): Promise<{ told: AgentOutput[]; error: unknown }> {
  const told: AgentOutput[] = [];
  try {
    for await (const each of output) told.push(each);
    return { told, error: undefined };
  } catch (error) {
    return { told, error };
  }
}

async function* from(events: readonly object[]): AsyncGenerator<object> {
  for (const event of events) yield await Promise.resolve(event);
}

describe("chat completions", () => {
  it("tells text, refusals and reasoning, and usage once", async () => {
    expect(
      await chat([
        chunk({ role: "assistant", content: "" }),
        // DeepSeek's word, and OpenRouter's.
        chunk({ reasoning_content: "Hm, " } as Delta),
        chunk({ reasoning: "so." } as Delta),
        chunk({ content: "Hel" }),
        chunk({ content: "lo" }),
        chunk({ refusal: "No." }),
        finish("stop"),
        usageChunk(10, 5),
      ]),
    ).toEqual([
      { type: "reasoning.delta", delta: "Hm, " },
      { type: "reasoning.delta", delta: "so." },
      { type: "text.delta", delta: "Hel" },
      { type: "text.delta", delta: "lo" },
      { type: "refusal.delta", delta: "No." },
      {
        type: "usage",
        usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15, cached_input_tokens: 2, reasoning_tokens: 1 },
      },
    ]);
  });

  it("takes the last usage of a server that tells it with each chunk", async () => {
    const told = await chat([
      usageChunk(10, 1),
      chunk({ content: "a" }),
      usageChunk(10, 2),
      finish("stop"),
      usageChunk(10, 3),
    ]);
    const usages = told.filter((output) => typeof output === "object" && output.type === "usage");
    expect(usages).toMatchObject([{ usage: { output_tokens: 3 } }]);
  });

  it("tells parallel calls with their arguments in pieces, each to its end", async () => {
    const call = (index: number, more: object): ChatCompletionChunk => chunk({ tool_calls: [{ index, ...more }] });
    const told = await chat(
      [
        call(0, { id: "c1", type: "function", function: { name: "look", arguments: "" } }),
        call(0, { function: { arguments: '{"at":' } }),
        call(0, { function: { arguments: '"sky"}' } }),
        call(1, { id: "c2", type: "function", function: { name: "ask", arguments: "" } }),
        finish("tool_calls"),
      ],
      { clientTools: ["ask"] },
    );
    expect(told).toEqual([
      { type: "tool.call.delta", callId: "c1", name: "look", delta: "" },
      { type: "tool.call.delta", callId: "c1", name: "look", delta: '{"at":' },
      { type: "tool.call.delta", callId: "c1", name: "look", delta: '"sky"}' },
      { type: "tool.call", callId: "c1", name: "look", arguments: '{"at":"sky"}' },
      { type: "tool.call.delta", callId: "c2", name: "ask", delta: "", kind: "function" },
      { type: "tool.call", callId: "c2", name: "ask", arguments: "{}", kind: "function" },
    ]);
  });

  it("understands servers that number all calls alike, repeat ids, give none, or leave out the index", async () => {
    const whole = (more: object): ChatCompletionChunk =>
      chunk({ tool_calls: [more as ChatCompletionChunk.Choice.Delta.ToolCall] });
    const alike = await chat([
      whole({ index: 0, id: "c1", function: { name: "look", arguments: '{"a":1}' } }),
      whole({ index: 0, id: "c2", function: { name: "look", arguments: '{"b"' } }),
      whole({ index: 0, id: "c2", function: { name: "look", arguments: ":2}" } }),
      finish("tool_calls"),
    ]);
    const calls = alike.filter((output) => typeof output === "object" && output.type === "tool.call");
    expect(calls).toMatchObject([
      { callId: "c1", arguments: '{"a":1}' },
      { callId: "c2", arguments: '{"b":2}' },
    ]);
    const nameless = await chat([whole({ id: "", function: { name: "look", arguments: "{}" } }), finish("stop")]);
    expect(nameless.at(-1)).toMatchObject({
      type: "tool.call",
      callId: expect.stringMatching(/^call_.+/),
      name: "look",
    });
    const old = await chat([
      chunk({ function_call: { name: "look", arguments: "" } }),
      chunk({ function_call: { arguments: '{"a":1}' } }),
      finish("function_call"),
    ]);
    expect(old.at(-1)).toMatchObject({ type: "tool.call", name: "look", arguments: '{"a":1}' });
  });

  it("makes JSON of the bare text of a custom tool", async () => {
    const call = (custom: object, id?: string): ChatCompletionChunk =>
      chunk({
        tool_calls: [
          {
            index: 0,
            ...(id === undefined ? {} : { id }),
            type: "custom",
            custom,
          } as unknown as ChatCompletionChunk.Choice.Delta.ToolCall,
        ],
      });
    const told = await chat([
      call({ name: "run", input: 'say "a' }, "c1"),
      call({ input: '\nb"' }),
      finish("tool_calls"),
    ]);
    expect(told.at(-1)).toEqual({
      type: "tool.call",
      callId: "c1",
      name: "run",
      arguments: JSON.stringify('say "a\nb"'),
    });
  });

  it("tells pictures, sources and sounds", async () => {
    const sound = (data: string): ChatCompletionChunk => chunk({ audio: { id: "a1", data } });
    const told = await chat([
      chunk({ images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] } as Delta),
      chunk({
        annotations: [{ type: "url_citation", url_citation: { url: "https://example.com", title: "Ex" } }],
      } as Delta),
      chunk({ audio: { transcript: "Hi." } }),
      sound(Buffer.from("ab").toString("base64")),
      sound(Buffer.from("c").toString("base64")),
      finish("stop"),
    ]);
    expect(told).toEqual([
      { type: "content", content: { type: "image", image_url: "data:image/png;base64,AAAA" } },
      {
        type: "content",
        content: {
          type: "data",
          data: { type: "source", source_type: "url", url: "https://example.com", title: "Ex" },
        },
      },
      { type: "text.delta", delta: "Hi." },
      { type: "content", content: { type: "audio", data: Buffer.from("abc").toString("base64"), format: "pcm16" } },
    ]);
  });

  it("reads the first of several choices", async () => {
    const told = await chat([chunk({ content: "one" }), chunk({ content: "two" }, { index: 1 }), finish("stop")]);
    expect(told).toEqual([{ type: "text.delta", delta: "one" }]);
  });

  it.each([
    ["length", "max_tokens"],
    ["content_filter", "content_filter"],
  ] as const)(
    "says that an answer was cut off by %s, and leaves the call that was being written",
    async (reason, told) => {
      const call = chunk({ tool_calls: [{ index: 0, id: "c1", function: { name: "look", arguments: '{"a' } }] });
      const outputs = await chat([chunk({ content: "And" }), call, finish(reason)]);
      expect(outputs).toContainEqual({ type: "incomplete", reason: told });
      expect(outputs).not.toContainEqual(expect.objectContaining({ type: "tool.call" }));
    },
  );

  it("says that an answer has no end, and tells nothing of a stream without a chunk", async () => {
    expect((await chat([chunk({ content: "And" })])).at(-1)).toEqual({ type: "incomplete", reason: "interrupted" });
    expect(await chat([])).toEqual([{ type: "incomplete", reason: "interrupted" }]);
  });

  it("tells failures by their code, before the stream and in it", async () => {
    const ask = async (answer: Answer) =>
      withClient(answer, async (client) =>
        broken(fromOpenAIStream(client.chat.completions.create({ model: "gpt", messages: [], stream: true }))),
      );
    expect(await ask(refused(401, { message: "key sk-123" }))).toMatchObject({
      told: [],
      error: { code: "unavailable" },
    });
    expect(await ask(refused(400, { message: "x", code: "context_length_exceeded" }))).toMatchObject({
      error: { code: "invalid_argument" },
    });
    const inStream = await ask(
      streamed([
        chunk({ content: "Half" }),
        usageChunk(1, 1),
        { error: { message: "secret", code: "rate_limit_exceeded" } },
      ]),
    );
    expect(inStream.told).toMatchObject([{ delta: "Half" }, { type: "usage" }]);
    expect(inStream.error).toMatchObject({ code: "resource_exhausted" });
    const inChunk = await broken(fromOpenAIStream(from([{ error: { message: "secret", type: "server_error" } }])));
    expect(inChunk.error).toMatchObject({ code: "unavailable" });
    const cut = await ask((_, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write(`data: ${JSON.stringify(chunk({ content: "Half" }))}\n\n`, () => response.destroy());
    });
    expect(cut.told[0]).toEqual({ type: "text.delta", delta: "Half" });
    expect(cut.error).toBeDefined();
    expect(JSON.stringify([inStream, inChunk, cut])).not.toContain("secret");
  });

  it("says what to do about an answer that was not streamed", async () => {
    const whole = Promise.resolve({ object: "chat.completion", choices: [] });
    await expect(Array.fromAsync(fromOpenAIStream(whole as never))).rejects.toThrow("stream: true");
  });

  it("ends the request when the loop is left", async () => {
    const closed = Promise.withResolvers<undefined>();
    await withClient(
      (_, response) => {
        response.on("close", () => {
          closed.resolve(undefined);
        });
        response.setHeader("content-type", "text/event-stream");
        response.write(`data: ${JSON.stringify(chunk({ content: "on and on" }))}\n\n`);
      },
      async (client) => {
        const stream = client.chat.completions.create({ model: "gpt", messages: [], stream: true });
        for await (const _ of fromOpenAIStream(stream)) break;
        expect(await closed.promise).toBeUndefined();
      },
    );
  });
});

describe("responses", () => {
  const numbered = (events: readonly object[]): object[] =>
    events.map((event, sequence_number) => ({ sequence_number, ...event }));
  const text = (delta: string, item_id = "m1"): object => ({
    type: "response.output_text.delta",
    item_id,
    output_index: 0,
    content_index: 0,
    delta,
    logprobs: [],
  });
  const done = (item: ResponseOutputItem): object => ({ type: "response.output_item.done", output_index: 0, item });
  const added = (item: ResponseOutputItem): object => ({ type: "response.output_item.added", output_index: 0, item });
  const ended = (type: ResponseStreamEvent["type"], response: object = {}): object => ({ type, response });
  const usage = {
    input_tokens: 10,
    output_tokens: 5,
    total_tokens: 15,
    input_tokens_details: { cached_tokens: 2 },
    output_tokens_details: { reasoning_tokens: 1 },
  };
  const completed = ended("response.completed", { usage });

  it("tells text, refusals and thoughts, each item a message, and usage", async () => {
    const summary = (delta: string, summary_index: number): object => ({
      type: "response.reasoning_summary_text.delta",
      item_id: "r1",
      output_index: 0,
      summary_index,
      delta,
    });
    const told = await respond(
      numbered([
        ended("response.created"),
        summary("First ", 0),
        summary("this.", 0),
        summary("Then that.", 1),
        { type: "response.reasoning_text.delta", item_id: "r2", content_index: 0, output_index: 1, delta: "Raw." },
        text("Hel"),
        text("lo"),
        text("Next", "m2"),
        { type: "response.refusal.delta", item_id: "m2", content_index: 1, output_index: 0, delta: "No." },
        completed,
      ]),
    );
    expect(told).toEqual([
      { type: "reasoning.delta", delta: "First " },
      { type: "reasoning.delta", delta: "this." },
      { type: "message.end" },
      { type: "reasoning.delta", delta: "Then that." },
      { type: "message.end" },
      { type: "reasoning.delta", delta: "Raw." },
      { type: "text.delta", delta: "Hel" },
      { type: "text.delta", delta: "lo" },
      { type: "message.end" },
      { type: "text.delta", delta: "Next" },
      { type: "refusal.delta", delta: "No." },
      {
        type: "usage",
        usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15, cached_input_tokens: 2, reasoning_tokens: 1 },
      },
    ]);
  });

  it("tells calls of functions and of custom tools as they are written", async () => {
    const call = (text_: string): ResponseOutputItem => ({
      type: "function_call",
      id: "fc1",
      call_id: "c1",
      name: "look",
      arguments: text_,
      status: "completed",
    });
    const custom = (input: string): ResponseOutputItem => ({
      type: "custom_tool_call",
      id: "ct1",
      call_id: "c2",
      name: "run",
      input,
    });
    const delta = (type: string, item_id: string, piece: string): object => ({
      type,
      item_id,
      output_index: 0,
      delta: piece,
    });
    const told = await respond(
      numbered([
        added(call("")),
        delta("response.function_call_arguments.delta", "fc1", '{"at":'),
        delta("response.function_call_arguments.delta", "fc1", '"sky"}'),
        done(call('{"at":"sky"}')),
        added(custom("")),
        delta("response.custom_tool_call_input.delta", "ct1", 'say "a"'),
        done(custom('say "a"')),
        completed,
      ]),
      { clientTools: ["look"] },
    );
    expect(told.slice(0, -1)).toEqual([
      { type: "tool.call.delta", callId: "c1", name: "look", delta: "", kind: "function" },
      { type: "tool.call.delta", callId: "c1", name: "look", delta: '{"at":', kind: "function" },
      { type: "tool.call.delta", callId: "c1", name: "look", delta: '"sky"}', kind: "function" },
      { type: "tool.call", callId: "c1", name: "look", arguments: '{"at":"sky"}', kind: "function" },
      { type: "tool.call.delta", callId: "c2", name: "run", delta: '"' },
      { type: "tool.call.delta", callId: "c2", name: "run", delta: 'say \\"a\\"' },
      { type: "tool.call", callId: "c2", name: "run", arguments: '"say \\"a\\""' },
    ]);
  });

  it("tells what the provider has run: MCP tools, searches, code, pictures", async () => {
    const mcp = {
      type: "mcp_call",
      id: "mcp1",
      name: "read",
      server_label: "files",
      arguments: '{"path":"a"}',
    } as const;
    const told = await respond(
      numbered([
        done({ type: "mcp_list_tools", id: "l1", server_label: "files", tools: [{ name: "read", input_schema: {} }] }),
        done({ type: "mcp_approval_request", id: "q1", name: "write", server_label: "files", arguments: "{}" }),
        done({ ...mcp, output: "A" }),
        done({ ...mcp, id: "mcp2", error: { type: "tool_error" } as never }),
        done({
          type: "web_search_call",
          id: "w1",
          status: "completed",
          action: { type: "search", query: "sky" } as never,
        }),
        done({
          type: "code_interpreter_call",
          id: "i1",
          status: "failed",
          code: "1/0",
          container_id: "x",
          outputs: [],
        }),
        done({ type: "file_search_call", id: "f1", status: "completed", queries: ["sky"], results: null }),
        done({ type: "image_generation_call", id: "p1", status: "completed", result: "AAAA", output_format: "webp" }),
        done({
          type: "local_shell_call",
          id: "s1",
          call_id: "c9",
          status: "completed",
          action: { type: "exec", command: ["ls"], env: {} },
        }),
        completed,
      ]),
    );
    const origin = { kind: "mcp", serverLabel: "files" };
    expect(told.slice(0, -1)).toEqual([
      {
        type: "message",
        message: {
          type: "mcp_list_tools",
          role: "assistant",
          content: [
            {
              type: "data",
              data: { id: "l1", server_label: "files", tools: [{ name: "read", input_schema: {} }], error: null },
            },
          ],
        },
      },
      { type: "approval.request", id: "q1", name: "write", arguments: "{}", serverLabel: "files" },
      { type: "tool.call.delta", callId: "mcp1", name: "read", delta: "", ...origin },
      { type: "tool.call", callId: "mcp1", name: "read", arguments: '{"path":"a"}', ...origin },
      { type: "tool.result", callId: "mcp1", name: "read", output: "A", ...origin },
      { type: "tool.call.delta", callId: "mcp2", name: "read", delta: "", ...origin },
      { type: "tool.call", callId: "mcp2", name: "read", arguments: '{"path":"a"}', ...origin },
      { type: "tool.result", callId: "mcp2", name: "read", output: { type: "tool_error" }, isError: true, ...origin },
      { type: "tool.call", callId: "w1", name: "web_search", arguments: { type: "search", query: "sky" } },
      { type: "tool.result", callId: "w1", output: { status: "completed" } },
      { type: "tool.call", callId: "i1", name: "code_interpreter", arguments: { code: "1/0" } },
      { type: "tool.result", callId: "i1", output: [], isError: true },
      { type: "tool.call", callId: "f1", name: "file_search", arguments: { queries: ["sky"] } },
      { type: "tool.result", callId: "f1", output: [] },
      { type: "content", content: { type: "image", image_url: "data:image/webp;base64,AAAA" } },
      { type: "tool.call", callId: "c9", name: "local_shell", arguments: { type: "exec", command: ["ls"], env: {} } },
    ]);
  });

  it("tells sources and sounds", async () => {
    const source = (annotation: object): object => ({
      type: "response.output_text.annotation.added",
      item_id: "m1",
      annotation,
    });
    const told = await respond(
      numbered([
        text("See"),
        source({ type: "url_citation", url: "https://example.com", title: "Ex", start_index: 0, end_index: 3 }),
        source({ type: "file_citation", file_id: "f1", filename: "a.pdf", index: 0 }),
        { type: "response.audio.delta", delta: "AAAA" },
        { type: "response.audio.transcript.delta", delta: "Hi." },
        completed,
      ]),
    );
    expect(told.slice(1, -1)).toEqual([
      {
        type: "content",
        content: {
          type: "data",
          data: { type: "source", source_type: "url", url: "https://example.com", title: "Ex" },
        },
      },
      {
        type: "content",
        content: { type: "data", data: { type: "source", source_type: "document", id: "f1", filename: "a.pdf" } },
      },
      { type: "text.delta", delta: "Hi." },
      { type: "content", content: { type: "audio", data: "AAAA", format: "pcm16" } },
    ]);
  });

  it.each([
    ["max_output_tokens", "max_tokens"],
    ["content_filter", "content_filter"],
    [undefined, "interrupted"],
  ])("says that a response is incomplete for %s", async (reason, told) => {
    const response = { usage, incomplete_details: reason === undefined ? null : { reason } };
    const outputs = await respond(numbered([text("And"), ended("response.incomplete", response)]));
    expect(outputs.slice(1)).toMatchObject([{ type: "usage" }, { type: "incomplete", reason: told }]);
  });

  it("says that a response has no end, and tells failures by their code", async () => {
    expect((await respond(numbered([text("And")]))).at(-1)).toEqual({ type: "incomplete", reason: "interrupted" });
    const failed = ended("response.failed", { usage, error: { code: "server_error", message: "secret" } });
    const told = await broken(fromOpenAIStream(from(numbered([text("Half"), failed]))));
    expect(told.told).toMatchObject([{ delta: "Half" }, { type: "usage" }]);
    expect(told.error).toMatchObject({ code: "unavailable" });
    const error = { type: "error", code: "rate_limit_exceeded", message: "secret", param: null };
    expect(await broken(fromOpenAIStream(from(numbered([error]))))).toMatchObject({
      error: { code: "resource_exhausted" },
    });
    const over = await broken(fromOpenAIStream(from(numbered([ended("response.cancelled" as never)]))));
    expect(over.error).toMatchObject({ code: "canceled" });
    expect(JSON.stringify(told)).not.toContain("secret");
  });
});
