import { AgentApp } from "@agentscope-runtime/core";
import type { AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { AgentRequest, Message } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import OpenAI from "openai";
import { openAi } from "./index.ts";

interface Requirement {
  /** Where it is written. */
  readonly from: string;
  /** What it says there, where need be shortened. */
  readonly sentence: string;
}

const spec = "Open Responses specification";
const schema = "Open Responses OpenAPI document";
const reference = "OpenAI API reference";

/** What the two protocols ask of a server, each with a test of the same name below. */
const requirements = {
  "answers in JSON": {
    from: `${spec}, HTTP Response Bodies`,
    sentence: "When not streaming, servers MUST return data only as application/json.",
  },
  "streams server-sent events": {
    from: `${spec}, Streaming HTTP Responses`,
    sentence: "When streaming, servers MUST return header Content-Type: text/event-stream.",
  },
  "ends a stream with [DONE]": {
    from: `${spec}, Streaming HTTP Responses`,
    sentence: "The terminal event MUST be the literal string [DONE].",
  },
  "names each event by its type, without an id": {
    from: `${spec}, Streaming HTTP Responses`,
    sentence: "The event field MUST match the type in the event body. Servers SHOULD NOT use id.",
  },
  "takes a text or items": {
    from: `${spec}, Chat Inference`,
    sentence:
      "Servers MUST support POST /v1/responses with a model and either a string input or an array of input items.",
  },
  "takes a text as a message of the user": {
    from: `${spec}, Chat Inference`,
    sentence: "A string input is interpreted as a user message.",
  },
  "has every required field": {
    from: `${schema}, ResponseResource`,
    sentence: "required: id, object, created_at, completed_at, status, incomplete_details, model, …",
  },
  "takes images and files": {
    from: `${spec}, File Input`,
    sentence:
      "A file input MUST use one of the response-level file reference forms: an existing file_id, a remote file_url, or base64 file_data with a filename.",
  },
  "takes system and developer messages": {
    from: `${schema}, DeveloperMessageItemParam`,
    sentence: "The message role. Always developer.",
  },
  "lets the client run functions": {
    from: `${spec}, Tool Calling`,
    sentence:
      "Clients execute the function out of band and send the result back as a function_call_output item with the same call_id.",
  },
  "streams a function's call": {
    from: `${schema}, ResponseFunctionCallArgumentsDeltaStreamingEvent`,
    sentence: "A streaming event that indicated function call arguments were incrementally added.",
  },
  "shows what tools were run on the server": {
    from: `${spec}, Extending tools`,
    sentence:
      "The item at minimum should contain a representation of how the model invoked the tool, the status of the tool call, and the result from the tool.",
  },
  "adds an item before anything else of it": {
    from: `${spec}, Items are streamable`,
    sentence: "The first event MUST always be response.output_item.added.",
  },
  "puts deltas between a part's beginning and its end": {
    from: `${spec}, Items are streamable`,
    sentence: "The first event in such cases MUST be response.content_part.added.",
  },
  "numbers events from 0": {
    from: `${schema}, streaming events`,
    sentence: "The sequence number of the event that was emitted.",
  },
  "tells reasoning as a summary": {
    from: `${spec}, Reasoning`,
    sentence: "Summaries are designed to be safe to show to end users.",
  },
  "tells a refusal as one": {
    from: `${schema}, RefusalContent`,
    sentence: "A refusal from the model.",
  },
  "keeps metadata": {
    from: `${schema}, ResponseResource`,
    sentence: "Developer-defined metadata that was associated with the response.",
  },
  "gives the agent instructions, and does not carry them over": {
    from: `${reference}, instructions`,
    sentence:
      "When using along with previous_response_id, the instructions from a previous response will not be carried over to the next response.",
  },
  "gives the agent tools and tool_choice": {
    from: `${spec}, tool_choice`,
    sentence:
      "The tool_choice field controls whether, and how, the model is allowed to invoke tools during a response.",
  },
  "continues a response where sessions are kept": {
    from: `${spec}, previous_response_id`,
    sentence:
      "When previous_response_id is provided, the server MUST load both the input and output associated with that prior response and treat them as part of the new request's context.",
  },
  "continues a response where nothing is kept": {
    from: `${spec}, previous_response_id`,
    sentence:
      "Providers MUST preserve the semantic order of: previous_response.input, previous_response.output, input.",
  },
  "identifies the conversation": {
    from: `${spec}, Stateful Conversations`,
    sentence:
      "A response that belongs to a conversation MUST identify that conversation in the returned response.conversation field when the provider stores or manages that state.",
  },
  "tells how many tokens were used": {
    from: `${schema}, Usage`,
    sentence: "required: input_tokens, output_tokens, total_tokens, input_tokens_details, output_tokens_details",
  },
  "ends incomplete with the reason": {
    from: `${schema}, IncompleteDetails`,
    sentence: "Details about why the response was incomplete.",
  },
  "ends failed with the error": {
    from: `${spec}, State machine events`,
    sentence:
      "If an Response encounters an error and its status changes to failed, a response.failed event is generated.",
  },
  "names an unknown model": {
    from: `${spec}, Errors`,
    sentence: "Param: The input parameter related to the error, if applicable.",
  },
  "gives one choice only": {
    from: `${reference}, Chat Completions, n`,
    sentence: "How many chat completion choices to generate for each input message.",
  },
  "sends usage when it is asked to, in a chunk without choices": {
    from: `${reference}, Chat Completions, stream_options`,
    sentence:
      "The usage field on this chunk shows the token usage statistics for the entire request, and the choices field will always be an empty array.",
  },
  "passes a response format on": {
    from: `${reference}, Chat Completions, response_format`,
    sentence: "An object specifying the format that the model must output.",
  },
  "lets the client run functions of a completion": {
    from: `${reference}, Chat Completions, tool_calls`,
    sentence: "The tool calls generated by the model, such as function calls.",
  },
  "says why a completion has ended": {
    from: `${reference}, Chat Completions, finish_reason`,
    sentence:
      "This will be stop if the model hit a natural stop point, length if the maximum number of tokens was reached, content_filter if content was omitted, tool_calls if the model called a tool.",
  },
  "lists the models": {
    from: `${reference}, Models`,
    sentence:
      "Lists the currently available models, and provides basic information about each one such as the owner and availability.",
  },
} as const satisfies Readonly<Record<string, Requirement>>;

interface Asked {
  readonly client: OpenAI;
  /** For what the client hides. */
  readonly post: (path: string, body: object) => Promise<Response>;
  /** What the agent was given, in order. */
  readonly requests: readonly AgentRequest[];
  /** What the agent had heard before each of them. */
  readonly histories: readonly (readonly Message[])[];
}

/** Runs a check against a real server and the unmodified client. */
async function asking(
  outputs: readonly AgentOutput[],
  check: (asked: Asked) => Promise<void>,
  { keepsSessions = false, agents }: { readonly keepsSessions?: boolean; readonly agents?: readonly string[] } = {},
): Promise<void> {
  const requests: AgentRequest[] = [];
  const histories: (readonly Message[])[] = [];
  const query: QueryHandler = async function* (request, { session }) {
    requests.push(request);
    histories.push(keepsSessions ? (await session.history()).items : []);
    yield* outputs;
  };
  const sessions = new InProcessSessionHistory();
  const app = new AgentApp({
    ...(agents === undefined ? { query } : { agents: Object.fromEntries(agents.map((name) => [name, query])) }),
    gateways: [openAi()],
    ...(keepsSessions ? { services: { sessions } } : {}),
    resources: [sessions],
  });
  await using server = await serve(app, { port: 0, closeOnSignals: false });
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
  const headers = { "content-type": "application/json" };
  const post: Asked["post"] = async (path, body) =>
    fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  await check({ client, post, requests, histories });
}

type StreamEvent = OpenAI.Responses.ResponseStreamEvent;

async function streamed({ client }: Asked): Promise<StreamEvent[]> {
  return Array.fromAsync(await client.responses.create({ model: "m", input: "hi", stream: true }));
}

function textsOf(messages: readonly Message[]): unknown[] {
  return messages.map(({ role, content }) => [
    role,
    content?.map((part) => (part.type === "text" ? part.text : part.type)),
  ]);
}

const weather = {
  type: "tool.call",
  callId: "call_1",
  name: "weather",
  arguments: { city: "Oslo" },
  kind: "function",
} as const;
const weatherTool = {
  type: "function" as const,
  name: "weather",
  description: "Weather.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  strict: true,
};

/** One test for each requirement, by the same name. */
const proofs: Readonly<Record<keyof typeof requirements, () => Promise<void>>> = {
  "answers in JSON": () =>
    asking(["hi"], async ({ post }) => {
      for (const path of ["/v1/responses", "/compatible-mode/v1/responses"]) {
        const answer = await post(path, { model: "m", input: "hi" });
        expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
        expect(await answer.json()).toMatchObject({ object: "response", status: "completed" });
      }
    }),
  "streams server-sent events": () =>
    asking(["hi"], async ({ post }) => {
      const answer = await post("/v1/responses", { model: "m", input: "hi", stream: true });
      expect(answer.headers.get("content-type")).toMatch(/^text\/event-stream/);
      await answer.body?.cancel();
    }),
  "ends a stream with [DONE]": () =>
    asking(["hi"], async ({ post }) => {
      const responses = await post("/v1/responses", { model: "m", input: "hi", stream: true });
      expect(await responses.text()).toMatch(/\n\ndata: \[DONE\]\n\n$/);
      const messages = [{ role: "user", content: "hi" }];
      const chat = await post("/v1/chat/completions", { model: "m", messages, stream: true });
      expect(await chat.text()).toMatch(/\n\ndata: \[DONE\]\n\n$/);
    }),
  "names each event by its type, without an id": () =>
    asking(["hi"], async ({ post }) => {
      const answer = await post("/v1/responses", { model: "m", input: "hi", stream: true });
      const frames = (await answer.text()).split("\n\n").filter((frame) => frame.startsWith("event:"));
      expect(frames.length).toBeGreaterThan(5);
      for (const frame of frames) {
        const [, name, data] = /^event: (\S+)\ndata: (.*)$/.exec(frame) ?? [];
        expect(JSON.parse(data ?? "")).toMatchObject({ type: name });
      }
    }),
  "takes a text or items": () =>
    asking(["hi"], async ({ client, requests }) => {
      await client.responses.create({ model: "m", input: "one" });
      await client.responses.create({
        model: "m",
        input: [
          { role: "user", content: "one" },
          { type: "message", role: "assistant", content: "two" },
          { type: "message", role: "user", content: [{ type: "input_text", text: "three" }] },
        ],
      });
      expect(requests.map(({ input }) => textsOf(input))).toEqual([
        [["user", ["one"]]],
        [
          ["user", ["one"]],
          ["assistant", ["two"]],
          ["user", ["three"]],
        ],
      ]);
    }),
  "takes a text as a message of the user": () =>
    asking(["hi"], async ({ client, requests }) => {
      await client.responses.create({ model: "m", input: "hello" });
      expect(requests[0]?.input).toMatchObject([
        { type: "message", role: "user", content: [{ type: "text", text: "hello" }] },
      ]);
    }),
  "has every required field": () =>
    asking(["hi"], async ({ client }) => {
      const response = await client.responses.create({ model: "m", input: "hi" });
      const required =
        "id object created_at completed_at status incomplete_details model previous_response_id instructions output error tools " +
        "tool_choice truncation parallel_tool_calls text top_p presence_penalty frequency_penalty top_logprobs temperature " +
        "reasoning usage max_output_tokens max_tool_calls store background service_tier metadata safety_identifier prompt_cache_key";
      expect(Object.keys(response)).toEqual(expect.arrayContaining(required.split(" ")));
    }),
  "takes images and files": () =>
    asking(["hi"], async ({ client, requests }) => {
      const image_url = "data:image/png;base64,iVBORw0KGgo=";
      await client.responses.create({
        model: "m",
        input: [
          {
            role: "user",
            content: [
              { type: "input_image", image_url, detail: "auto" },
              { type: "input_file", file_id: "file-1" },
              { type: "input_file", file_url: "https://example.com/a.pdf" },
              { type: "input_file", file_data: "data:application/pdf;base64,JVBERg==", filename: "a.pdf" },
            ],
          },
        ],
      });
      await client.chat.completions.create({
        model: "m",
        messages: [
          {
            role: "user",
            content: [
              { type: "image_url", image_url: { url: image_url } },
              { type: "file", file: { file_id: "file-1" } },
              { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } },
            ],
          },
        ],
      });
      expect(requests[0]?.input[0]?.content).toMatchObject([
        { type: "image", image_url },
        { type: "file", file_id: "file-1" },
        { type: "file", file_url: "https://example.com/a.pdf" },
        { type: "file", file_data: "data:application/pdf;base64,JVBERg==", filename: "a.pdf" },
      ]);
      expect(requests[1]?.input[0]?.content).toMatchObject([
        { type: "image", image_url },
        { type: "file", file_id: "file-1" },
        { type: "audio", data: "UklGRg==", format: "wav" },
      ]);
    }),
  "takes system and developer messages": () =>
    asking(["hi"], async ({ client, requests }) => {
      const said = [
        { role: "system" as const, content: "Be kind." },
        { role: "developer" as const, content: "Be brief." },
        { role: "user" as const, content: "hi" },
      ];
      await client.responses.create({ model: "m", input: said });
      await client.chat.completions.create({ model: "m", messages: said });
      for (const { input } of requests) {
        expect(textsOf(input)).toEqual([
          ["system", ["Be kind."]],
          ["system", ["Be brief."]],
          ["user", ["hi"]],
        ]);
      }
    }),
  "lets the client run functions": () =>
    asking(
      [weather],
      async ({ client, requests }) => {
        const first = await client.responses.create({ model: "m", input: "Weather?", tools: [weatherTool] });
        expect(first.output).toMatchObject([
          { type: "function_call", call_id: "call_1", name: "weather", arguments: '{"city":"Oslo"}' },
        ]);
        const answer = { type: "function_call_output" as const, call_id: "call_1", output: "cold" };
        await client.responses.create({ model: "m", previous_response_id: first.id, input: [answer] });
        // Or with the whole conversation, as clients do that keep it themselves.
        await client.responses.create({ model: "m", store: false, input: [...(first.output as []), answer] });
        const told = {
          type: "function_call_output",
          role: "tool",
          content: [{ data: { call_id: "call_1", output: "cold" } }],
        };
        expect(requests[1]?.input).toMatchObject([told]);
        const call = {
          type: "function_call",
          content: [{ data: { call_id: "call_1", name: "weather", arguments: '{"city":"Oslo"}' } }],
        };
        expect(requests[2]?.input).toMatchObject([call, { ...told, content: [{ data: { name: "weather" } }] }]);
      },
      { keepsSessions: true },
    ),
  "streams a function's call": () =>
    asking(
      [
        { type: "tool.call.delta", callId: "call_1", name: "weather", delta: '{ "city": "Oslo', kind: "function" },
        weather,
      ],
      async (asked) => {
        const events = await streamed(asked);
        const types = events.map(({ type }) => type).filter((type) => !/created|in_progress|completed/.test(type));
        expect(types).toEqual([
          "response.output_item.added",
          "response.function_call_arguments.delta",
          "response.function_call_arguments.done",
          "response.output_item.done",
        ]);
        const deltas = events.map((event) =>
          event.type === "response.function_call_arguments.delta" ? event.delta : "",
        );
        expect(deltas.join("")).toBe('{"city":"Oslo"}');
        expect(events[2]).toMatchObject({
          item: { type: "function_call", name: "weather", status: "in_progress", arguments: "" },
        });
      },
    ),
  "shows what tools were run on the server": () =>
    asking(
      [
        { type: "tool.call", callId: "1", name: "look", arguments: { at: "sky" } },
        { type: "tool.call", callId: "2", name: "remote", arguments: {}, kind: "mcp", serverLabel: "far" },
        { type: "tool.result", callId: "2", output: "gone", isError: true },
        { type: "tool.result", callId: "1", output: "blue" },
        "It is blue.",
        { type: "tool.call", callId: "3", name: "never", arguments: {} },
      ],
      async ({ client }) => {
        const { output } = await client.responses.create({ model: "m", input: "hi" });
        const failure = { type: "mcp_tool_execution_error", content: [{ type: "text", text: "gone" }] };
        expect(output).toMatchObject([
          {
            type: "mcp_call",
            name: "look",
            arguments: '{"at":"sky"}',
            output: "blue",
            status: "completed",
            server_label: "agent",
          },
          { type: "mcp_call", name: "remote", server_label: "far", output: null, error: failure, status: "failed" },
          { type: "message" },
          { type: "mcp_call", name: "never", output: null, status: "incomplete" },
        ]);
      },
    ),
  "adds an item before anything else of it": () =>
    asking([{ type: "reasoning.delta", delta: "hm" }, "hi", weather], async (asked) => {
      const added = new Set<number>();
      for (const event of await streamed(asked)) {
        if (event.type === "response.output_item.added") added.add(event.output_index);
        else if ("output_index" in event) expect(added).toContain(event.output_index);
      }
      expect(added).toEqual(new Set([0, 1, 2]));
    }),
  "puts deltas between a part's beginning and its end": () =>
    asking(["one ", "two"], async (asked) => {
      expect((await streamed(asked)).map(({ type }) => type)).toEqual([
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
      ]);
    }),
  "numbers events from 0": () =>
    asking(["hi", { type: "reasoning.delta", delta: "hm" }], async (asked) => {
      const events = await streamed(asked);
      expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_event, index) => index));
    }),
  "tells reasoning as a summary": () =>
    asking(
      [{ type: "reasoning.delta", delta: "hm " }, { type: "reasoning.delta", delta: "hm" }, "hi"],
      async (asked) => {
        const stream = asked.client.responses.stream({ model: "m", input: "hi" });
        const deltas: string[] = [];
        stream.on("event", (event) => {
          if (event.type === "response.reasoning_summary_text.delta") deltas.push(event.delta);
        });
        const { output } = await stream.finalResponse();
        expect(deltas).toEqual(["hm ", "hm"]);
        expect(output).toMatchObject([
          { type: "reasoning", summary: [{ type: "summary_text", text: "hm hm" }] },
          { type: "message" },
        ]);
      },
    ),
  "tells a refusal as one": () =>
    asking(
      [
        { type: "refusal.delta", delta: "No, " },
        { type: "refusal.delta", delta: "thanks." },
      ],
      async (asked) => {
        const { output } = await asked.client.responses.stream({ model: "m", input: "hi" }).finalResponse();
        expect(output).toMatchObject([{ content: [{ type: "refusal", refusal: "No, thanks." }] }]);
        const messages = [{ role: "user" as const, content: "hi" }];
        const { choices } = await asked.client.chat.completions.create({ model: "m", messages });
        expect(choices[0]?.message).toMatchObject({ refusal: "No, thanks.", content: null });
      },
    ),
  "keeps metadata": () =>
    asking(["hi"], async ({ client, requests }) => {
      const { id, metadata } = await client.responses.create({ model: "m", input: "hi", metadata: { order: "7" } });
      expect(metadata).toEqual({ order: "7" });
      expect((await client.responses.retrieve(id)).metadata).toEqual({ order: "7" });
      expect(requests[0]).toMatchObject({ metadata: { order: "7" } });
    }),
  "gives the agent instructions, and does not carry them over": () =>
    asking(
      ["hi"],
      async ({ client, requests, histories }) => {
        const first = await client.responses.create({ model: "m", input: "hi", instructions: "Rhyme." });
        expect(first.instructions).toBe("Rhyme.");
        const second = await client.responses.create({ model: "m", input: "again", previous_response_id: first.id });
        expect(second.instructions).toBeNull();
        expect(requests.map((request) => request["instructions"])).toEqual(["Rhyme.", undefined]);
        expect(JSON.stringify(histories)).not.toContain("Rhyme.");
      },
      { keepsSessions: true },
    ),
  "gives the agent tools and tool_choice": () =>
    asking(["hi"], async ({ client, requests }) => {
      const choice = { type: "function" as const, name: "weather" };
      const response = await client.responses.create({
        model: "m",
        input: "hi",
        tools: [weatherTool],
        tool_choice: choice,
        parallel_tool_calls: false,
        max_output_tokens: 99,
        temperature: 0.5,
        text: { format: { type: "json_object" } },
      });
      const { type: _type, ...nested } = weatherTool;
      expect(requests[0]).toMatchObject({
        tools: [{ type: "function", function: nested }],
        tool_choice: choice,
        parallel_tool_calls: false,
        max_tokens: 99,
        temperature: 0.5,
        text: { format: { type: "json_object" } },
      });
      expect(response).toMatchObject({
        tools: [weatherTool],
        tool_choice: choice,
        max_output_tokens: 99,
        temperature: 0.5,
      });
    }),
  "continues a response where sessions are kept": () =>
    asking(
      ["hello"],
      async ({ client, requests, histories }) => {
        const first = await client.responses.create({ model: "m", input: "one" });
        await client.responses.create({ model: "m", input: "two", previous_response_id: first.id });
        expect(textsOf(requests[1]?.input ?? [])).toEqual([["user", ["two"]]]);
        expect(textsOf(histories[1] ?? [])).toEqual([
          ["user", ["one"]],
          ["assistant", ["hello"]],
        ]);
        expect(requests[1]?.session_id).toBe(requests[0]?.session_id);
      },
      { keepsSessions: true },
    ),
  "continues a response where nothing is kept": () =>
    asking(["hello"], async ({ client, requests }) => {
      const first = await client.responses.create({ model: "m", input: "one" });
      const second = await client.responses.create({ model: "m", input: "two", previous_response_id: first.id });
      await client.responses.create({ model: "m", input: "three", previous_response_id: second.id });
      // Goes on from the first one: what came after it was never said.
      await client.responses.create({ model: "m", input: "other", previous_response_id: first.id });
      expect(requests.slice(2).map(({ input }) => textsOf(input).flat(2))).toEqual([
        ["user", "one", "assistant", "hello", "user", "two", "assistant", "hello", "user", "three"],
        ["user", "one", "assistant", "hello", "user", "other"],
      ]);
    }),
  "identifies the conversation": () =>
    asking(
      ["hello"],
      async ({ client, histories, requests }) => {
        const items = [{ type: "message" as const, role: "user" as const, content: "zero" }];
        const { id } = await client.conversations.create({ metadata: { topic: "tea" }, items });
        const response = await client.responses.create({ model: "m", input: "one", conversation: id });
        expect(response.conversation).toEqual({ id });
        await client.responses.create({ model: "m", input: "two", conversation: { id } });
        expect(requests.map(({ session_id }) => session_id)).toEqual([id, id]);
        expect(textsOf(histories[1] ?? []).flat(2)).toEqual(["user", "zero", "user", "one", "assistant", "hello"]);
        expect(await client.conversations.retrieve(id)).toMatchObject({ metadata: { topic: "tea" } });
        expect(await client.conversations.update(id, { metadata: { topic: "coffee" } })).toMatchObject({
          metadata: { topic: "coffee" },
        });
        expect(await client.conversations.delete(id)).toMatchObject({ deleted: true });
        await expect(client.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
      },
      { keepsSessions: true },
    ),
  "tells how many tokens were used": () =>
    asking(
      [{ type: "usage", usage: { input_tokens: 3, output_tokens: 4, cached_input_tokens: 1, reasoning_tokens: 2 } }],
      async ({ client }) => {
        const { usage } = await client.responses.create({ model: "m", input: "hi" });
        expect(usage).toEqual({
          input_tokens: 3,
          input_tokens_details: { cached_tokens: 1 },
          output_tokens: 4,
          output_tokens_details: { reasoning_tokens: 2 },
          total_tokens: 7,
        });
      },
    ),
  "ends incomplete with the reason": () =>
    asking(["half", { type: "incomplete", reason: "max_tokens" }], async (asked) => {
      const events = await streamed(asked);
      const end = {
        status: "incomplete",
        incomplete_details: { reason: "max_output_tokens" },
        output: [{ type: "message" }],
      };
      expect(events.at(-1)).toMatchObject({ type: "response.incomplete", response: end });
    }),
  "ends failed with the error": () =>
    asking(["half", undefined as unknown as string], async (asked) => {
      const events = await streamed(asked);
      const error = { code: "server_error", type: "internal", message: expect.any(String) };
      expect(events.at(-1)).toMatchObject({ type: "response.failed", response: { status: "failed", error } });
    }),
  "names an unknown model": () =>
    asking(
      ["hi"],
      async ({ client, requests }) => {
        const refused = { status: 404, param: "model", code: "model_not_found" };
        await expect(client.responses.create({ model: "gpt", input: "hi" })).rejects.toMatchObject(refused);
        const messages = [{ role: "user" as const, content: "hi" }];
        await expect(client.chat.completions.create({ model: "gpt", messages })).rejects.toMatchObject(refused);
        await expect(client.models.retrieve("gpt")).rejects.toMatchObject(refused);
        const { model } = await client.responses.create({ model: "second", input: "hi" });
        expect([model, requests[0]?.model]).toEqual(["second", null]);
      },
      { agents: ["first", "second"] },
    ),
  "gives one choice only": () =>
    asking(["hi"], async ({ client }) => {
      const messages = [{ role: "user" as const, content: "hi" }];
      const refused = client.chat.completions.create({ model: "m", messages, n: 2 });
      await expect(refused).rejects.toMatchObject({
        status: 400,
        param: "n",
        message: expect.stringContaining("one choice"),
      });
      expect((await client.chat.completions.create({ model: "m", messages, n: 1 })).choices).toHaveLength(1);
    }),
  "sends usage when it is asked to, in a chunk without choices": () =>
    asking(["hi", { type: "usage", usage: { input_tokens: 3, output_tokens: 4 } }], async ({ client }) => {
      const question = { model: "m", messages: [{ role: "user" as const, content: "hi" }], stream: true as const };
      const without = await Array.fromAsync(await client.chat.completions.create(question));
      expect(without.every((chunk) => !("usage" in chunk))).toBe(true);
      const options = { stream_options: { include_usage: true } };
      const chunks = await Array.fromAsync(await client.chat.completions.create({ ...question, ...options }));
      expect(chunks.at(-1)).toMatchObject({
        choices: [],
        usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
      });
      expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    }),
  "passes a response format on": () =>
    asking(["{}"], async ({ client, requests }) => {
      const response_format = {
        type: "json_schema" as const,
        json_schema: { name: "answer", schema: { type: "object" } },
      };
      await client.chat.completions.create({
        model: "m",
        messages: [{ role: "user", content: "hi" }],
        response_format,
      });
      expect(requests[0]).toMatchObject({ response_format });
    }),
  "lets the client run functions of a completion": () =>
    asking([weather], async ({ client, requests }) => {
      const { type, ...nested } = weatherTool;
      const tools = [{ type, function: nested }];
      const question = { role: "user" as const, content: "Weather?" };
      const { choices } = await client.chat.completions.create({ model: "m", messages: [question], tools });
      const [choice] = choices;
      expect(choice).toMatchObject({ finish_reason: "tool_calls", message: { content: null } });
      expect(choice?.message.tool_calls).toEqual([
        { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
      ]);
      const final = await client.chat.completions
        .stream({ model: "m", messages: [question], tools })
        .finalChatCompletion();
      expect(final.choices[0]?.message.tool_calls).toMatchObject(choice?.message.tool_calls ?? []);
      const answer = { role: "tool" as const, tool_call_id: "call_1", content: "cold" };
      const said = choice === undefined ? [] : [choice.message];
      await client.chat.completions.create({ model: "m", messages: [question, ...said, answer], tools });
      expect(requests[0]?.tools).toEqual(tools);
      expect(requests.at(-1)?.input).toMatchObject([
        { role: "user" },
        {
          type: "function_call",
          content: [{ data: { call_id: "call_1", name: "weather", arguments: '{"city":"Oslo"}' } }],
        },
        {
          type: "function_call_output",
          role: "tool",
          content: [{ data: { call_id: "call_1", name: "weather", output: "cold" } }],
        },
      ]);
    }),
  "says why a completion has ended": async () => {
    const reasons: readonly (readonly [AgentOutput[], string])[] = [
      [["hi"], "stop"],
      [["hi", { type: "incomplete", reason: "max_tokens" }], "length"],
      [["hi", { type: "incomplete", reason: "content_filter" }], "content_filter"],
      [["hi", weather], "tool_calls"],
    ];
    for (const [outputs, reason] of reasons) {
      await asking(outputs, async ({ client }) => {
        const question = { model: "m", messages: [{ role: "user" as const, content: "hi" }] };
        expect((await client.chat.completions.create(question)).choices[0]?.finish_reason).toBe(reason);
        const chunks = await Array.fromAsync(await client.chat.completions.create({ ...question, stream: true }));
        expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe(reason);
      });
    }
  },
  "lists the models": () =>
    asking(
      ["hi"],
      async ({ client }) => {
        expect((await client.models.list()).data).toMatchObject([
          { id: "first", object: "model", owned_by: "agent", created: expect.any(Number) },
          { id: "second" },
        ]);
        expect(await client.models.retrieve("second")).toMatchObject({ id: "second" });
      },
      { agents: ["first", "second"] },
    ),
};

describe("What OpenAI's protocols require", () => {
  it("is tested to the last sentence", () => {
    expect(Object.keys(proofs)).toEqual(Object.keys(requirements));
    for (const { from, sentence } of Object.values(requirements)) expect([from, sentence]).not.toContain("");
  });

  it.each(Object.entries(proofs))("%s", async (_name, prove) => {
    expect.hasAssertions();
    await prove();
  });
});
