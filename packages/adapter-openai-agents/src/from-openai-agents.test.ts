import type { AgentOutput } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { defineTool } from "@agentscope-runtime/tools";
import { Agent, handoff, OpenAIProvider, Runner, tool, Usage } from "@openai/agents";
import type { AgentInputItem, AgentOutputType, Model, ModelRequest, StreamEvent } from "@openai/agents";
import { z } from "zod";
import { fromOpenAIAgents, toAgentInputItems, toOpenAIAgentsTools } from "./index.ts";
import { openProviderServer } from "./testing/provider-server.ts";
import type { ProviderAnswer } from "./testing/provider-server.ts";

const spentOnce = { inputTokens: 10, outputTokens: 5, totalTokens: 15 };
const runner = new Runner({ tracingDisabled: true });

type Said = readonly (StreamEvent | Error)[];

/** A model that streams these events, one list for each call. */
function modelOf(...turns: readonly Said[]): Model & { readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  return {
    requests,
    getResponse: () => Promise.reject(new Error("It streams.")),
    getStreamedResponse: async function* (request) {
      requests.push(request);
      for (const event of turns[requests.length - 1] ?? []) {
        if (event instanceof Error) throw event;
        yield event;
      }
    },
  };
}

const delta = (text: string, itemId?: string): StreamEvent => ({
  type: "output_text_delta",
  delta: text,
  ...(itemId !== undefined && { itemId }),
});
const raw = (event: object): StreamEvent => ({ type: "model", event });
type Output = Extract<StreamEvent, { type: "response_done" }>["response"]["output"];
const done = (...output: Output): StreamEvent => ({
  type: "response_done",
  response: { id: "r", usage: spentOnce, output },
});
const message = (text: string, id = "m"): Output[number] => ({
  type: "message",
  id,
  role: "assistant",
  status: "completed",
  content: [{ type: "output_text", text }],
});
const call = (callId: string, name: string, text = "{}"): Output[number] => ({
  type: "function_call",
  callId,
  name,
  arguments: text,
});

function stream(model: Model, more: object = {}, options: object = {}) {
  const agent = new Agent<unknown, AgentOutputType>({ name: "friday", model, ...more });
  return runner.run(agent, "hi", { stream: true, ...options });
}

async function told(run: Parameters<typeof fromOpenAIAgents>[0]): Promise<AgentOutput[]> {
  return Array.fromAsync(fromOpenAIAgents(run));
}

/** The same without usage. */
async function spoken(run: Parameters<typeof fromOpenAIAgents>[0]): Promise<AgentOutput[]> {
  return (await told(run)).filter((output) => typeof output === "string" || output.type !== "usage");
}

const end = { type: "message.end" };

describe("what a model says", () => {
  it("is told once, whether it was streamed or not", async () => {
    const streamed = modelOf([
      { type: "response_started" },
      delta("Hel", "m"),
      delta("lo", "m"),
      done(message("Hello")),
    ]);
    expect(await spoken(stream(streamed))).toEqual([
      { type: "text.delta", delta: "Hel" },
      { type: "text.delta", delta: "lo" },
      end,
    ]);
    const whole = modelOf([{ type: "response_started" }, done(message("Hello"))]);
    expect(await spoken(stream(whole))).toEqual([{ type: "text.delta", delta: "Hello" }, end]);
    const half = modelOf([{ type: "response_started" }, delta("Hel", "m"), done(message("Hello"))]);
    expect(await spoken(stream(half))).toEqual([
      { type: "text.delta", delta: "Hel" },
      { type: "text.delta", delta: "lo" },
      end,
    ]);
    const otherwise = modelOf([{ type: "response_started" }, delta("Hello!", "m"), done(message("Hello."))]);
    expect(await spoken(stream(otherwise))).toEqual([{ type: "text.delta", delta: "Hello!" }, end]);
  });

  it("is one message for each item", async () => {
    const model = modelOf([
      { type: "response_started" },
      delta("One", "a"),
      delta("Two", "b"),
      delta(".", "b"),
      done(message("One", "a"), message("Two.", "b")),
    ]);
    const deltas = (text: string) => ({ type: "text.delta", delta: text });
    expect(await spoken(stream(model))).toEqual([deltas("One"), end, deltas("Two"), deltas("."), end]);
  });

  it("keeps paragraphs of a thought together, and tells a thought that was not streamed", async () => {
    const thought = (index: number, text: string) =>
      raw({ type: "response.reasoning_summary_text.delta", item_id: "rs", summary_index: index, delta: text });
    const item: Output[number] = {
      type: "reasoning",
      id: "rs",
      content: [
        { type: "input_text", text: "First." },
        { type: "input_text", text: "Second." },
      ],
    };
    const said = async (model: Model) => {
      const outputs = await spoken(stream(model));
      return outputs.map((output) =>
        typeof output === "object" && "delta" in output ? `${output.type} ${output.delta}` : output,
      );
    };
    const streamed = modelOf([
      { type: "response_started" },
      thought(0, "Fir"),
      thought(0, "st."),
      thought(1, "Second."),
      delta("So.", "m"),
      done(item, message("So.")),
    ]);
    expect(await said(streamed)).toEqual([
      "reasoning.delta Fir",
      "reasoning.delta st.",
      "reasoning.delta \n\n",
      "reasoning.delta Second.",
      end,
      "text.delta So.",
      end,
    ]);
    const whole = modelOf([{ type: "response_started" }, done(item, message("So."))]);
    expect(await said(whole)).toEqual(["reasoning.delta First.\n\nSecond.", end, "text.delta So.", end]);
  });

  it("tells refusals, images, audio and the pages that a text is based on", async () => {
    const annotations = [
      { type: "url_citation", url: "https://a.test", title: "A" },
      { type: "url_citation", url_citation: { url: "https://b.test", title: "B" } },
      { type: "file_citation", file_id: "f" },
    ];
    const model = modelOf([
      { type: "response_started" },
      done({
        type: "message",
        role: "assistant",
        status: "completed",
        content: [
          { type: "output_text", text: "See.", providerData: { annotations } },
          { type: "refusal", refusal: "No more." },
          { type: "image", image: "AAAA" },
          { type: "audio", audio: "BBBB", format: "wav" },
        ],
      }),
    ]);
    const source = (url: string, title: string) => ({
      type: "content",
      content: { type: "data", data: { type: "source", source_type: "url", url, title } },
    });
    expect(await spoken(stream(model))).toEqual([
      { type: "text.delta", delta: "See." },
      source("https://a.test", "A"),
      source("https://b.test", "B"),
      { type: "refusal.delta", delta: "No more." },
      { type: "content", content: { type: "image", image_url: "data:image/png;base64,AAAA" } },
      { type: "content", content: { type: "audio", data: "BBBB", format: "wav" } },
      end,
    ]);
  });

  it("says once that the model has declined, also where the SDK wanted something else", async () => {
    const refused: Output[number] = {
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "refusal", refusal: "I will not." }],
    };
    const model = modelOf([{ type: "response_started" }, done(refused)]);
    const outputs = await spoken(stream(model, { outputType: z.object({ answer: z.string() }) }));
    expect(outputs).toEqual([{ type: "refusal.delta", delta: "I will not." }, end]);
  });
});

describe("what the provider's own tools do", () => {
  it("is a call and its answer, with the server that ran it", async () => {
    const hosted = (id: string, name: string, more: object): Output[number] => ({
      type: "hosted_tool_call",
      id,
      name,
      status: "completed",
      ...more,
    });
    const data = { name: "look", server_label: "sky", arguments: '{"at":1}' };
    const model = modelOf([
      { type: "response_started" },
      raw({
        type: "response.output_item.added",
        item: { type: "mcp_call", id: "mcp_1", name: "look", server_label: "sky" },
      }),
      raw({ type: "response.mcp_call_arguments.delta", item_id: "mcp_1", delta: '{"at":1}' }),
      done(
        hosted("lst", "mcp_list_tools", { providerData: { server_label: "sky", tools: [] } }),
        hosted("mcp_1", "mcp_call", { output: "blue", providerData: data }),
        hosted("mcp_2", "mcp_call", { providerData: { ...data, error: "It fell." } }),
        hosted("ws", "web_search_call", { providerData: { action: { query: "x" } } }),
        hosted("ig", "image_generation_call", { output: "AAAA", providerData: { output_format: "webp" } }),
        message("Blue."),
      ),
    ]);
    const mcp = { kind: "mcp", serverLabel: "sky" };
    expect(await spoken(stream(model))).toEqual([
      { type: "tool.call.delta", callId: "mcp_1", name: "look", delta: "", ...mcp },
      { type: "tool.call.delta", callId: "mcp_1", name: "look", delta: '{"at":1}', ...mcp },
      { type: "tool.call", callId: "mcp_1", name: "look", arguments: '{"at":1}', ...mcp },
      { type: "tool.result", callId: "mcp_1", name: "look", output: "blue", ...mcp },
      { type: "tool.call", callId: "mcp_2", name: "look", arguments: '{"at":1}', ...mcp },
      { type: "tool.result", callId: "mcp_2", name: "look", output: "It fell.", isError: true, ...mcp },
      { type: "tool.call", callId: "ws", name: "web_search_call", arguments: '{"query":"x"}' },
      { type: "tool.result", callId: "ws", name: "web_search_call", output: "completed" },
      { type: "tool.call", callId: "ig", name: "image_generation_call", arguments: "{}" },
      { type: "tool.result", callId: "ig", name: "image_generation_call", output: "completed" },
      { type: "content", content: { type: "image", image_url: "data:image/webp;base64,AAAA" } },
      { type: "text.delta", delta: "Blue." },
      end,
    ]);
  });
});

describe("what the SDK's own tools answer", () => {
  const results = async (...tools: ReturnType<typeof tool>[]) => {
    const calls = tools.map(({ name }, index) => call(`c${index}`, name));
    const model = modelOf(
      [{ type: "response_started" }, done(...calls)],
      [{ type: "response_started" }, done(message("Done."))],
    );
    const outputs = await told(stream(model, { tools }));
    return outputs.filter((output) => typeof output === "object" && output.type === "tool.result");
  };
  const parameters = z.object({});

  it("stays what it is: texts, values, images, failures", async () => {
    const image = { type: "image", image: { data: "AAAA", mediaType: "image/png" } };
    expect(
      await results(
        tool({ name: "say", description: "d", parameters, execute: () => "blue" }),
        tool({ name: "give", description: "d", parameters, execute: () => ({ colour: "blue" }) }),
        tool({ name: "draw", description: "d", parameters, execute: () => [{ type: "text", text: "Here." }, image] }),
        tool({ name: "fail", description: "d", parameters, execute: () => Promise.reject(new Error("hunter2")) }),
      ),
    ).toEqual([
      { type: "tool.result", callId: "c0", name: "say", output: "blue" },
      { type: "tool.result", callId: "c1", name: "give", output: '{"colour":"blue"}' },
      {
        type: "tool.result",
        callId: "c2",
        name: "draw",
        output: {
          content: [
            { type: "text", text: "Here." },
            { type: "image", data: "AAAA", mediaType: "image/png" },
          ],
          isError: false,
        },
      },
      {
        type: "tool.result",
        callId: "c3",
        name: "fail",
        output: "An error occurred while running the tool. Please try again.",
        isError: true,
      },
    ]);
  });
});

describe("other agents", () => {
  it("are named in what they say once the work is handed to them", async () => {
    const poet = new Agent({
      name: "poet",
      model: modelOf([{ type: "response_started" }, delta("Roses."), done(message("Roses."))]),
    });
    const model = modelOf([
      { type: "response_started" },
      delta("Well."),
      done(message("Well."), call("c1", "transfer_to_poet")),
    ]);
    const outputs = await spoken(stream(model, { handoffs: [handoff(poet)] }));
    expect(outputs).toEqual([
      { type: "text.delta", delta: "Well." },
      end,
      { type: "tool.call", callId: "c1", name: "transfer_to_poet", arguments: "{}" },
      { type: "tool.result", callId: "c1", name: "transfer_to_poet", output: '{"assistant":"poet"}' },
      { type: "text.delta", delta: "Roses." },
      { type: "message.end", metadata: { agent: "poet" } },
    ]);
  });

  it("spend tokens that are counted, also as tools", async () => {
    const poet = new Agent({
      name: "poet",
      model: {
        ...modelOf(),
        getResponse: async () => ({ output: [message("Roses.")], usage: new Usage(spentOnce) }),
      },
    });
    const asTool = poet.asTool({ toolName: "poet", toolDescription: "Writes." });
    const model = modelOf(
      [{ type: "response_started" }, done(call("c1", "poet", '{"input":"x"}'))],
      [{ type: "response_started" }, done(message("There."))],
    );
    const outputs = await told(stream(model, { tools: [asTool] }));
    const usage = outputs.flatMap((output) =>
      typeof output === "object" && output.type === "usage" ? [output.usage] : [],
    );
    expect(usage.map(({ total_tokens: total }) => total)).toEqual([15, 15, 15]);
  });
});

describe("a run's end", () => {
  const look = toOpenAIAgentsTools([
    defineTool({ name: "look", description: "Looks.", input: z.looseObject({}), run: () => "blue" }),
  ]);

  it("is incomplete when it takes too many turns", async () => {
    const turns = Array.from({ length: 3 }, (_, index): Said => [
      { type: "response_started" },
      done(call(`c${index}`, "look")),
    ]);
    const outputs = await spoken(stream(modelOf(...turns), { tools: look }, { maxTurns: 2 }));
    expect(outputs.at(-1)).toEqual({ type: "incomplete", reason: "max_turns" });
    expect(outputs.filter((output) => typeof output === "object" && output.type === "tool.result")).toHaveLength(2);
  });

  it("is incomplete when a guardrail trips, and says which kind", async () => {
    const trips = { name: "no", execute: async () => ({ tripwireTriggered: true, outputInfo: { secret: "hunter2" } }) };
    const model = () => modelOf([{ type: "response_started" }, delta("Hello"), done(message("Hello"))]);
    const input = await spoken(stream(model(), { inputGuardrails: [{ ...trips, runInParallel: false }] }));
    expect(input).toEqual([{ type: "incomplete", reason: "input_guardrail" }]);
    const output = await spoken(stream(model(), { outputGuardrails: [trips] }));
    expect(output).toEqual([
      { type: "text.delta", delta: "Hello" },
      end,
      { type: "incomplete", reason: "output_guardrail" },
    ]);
  });

  it("is a failure without the provider's words, after what was said before it", async () => {
    const model = modelOf([
      { type: "response_started" },
      delta("Half"),
      delta(" of"),
      new Error("password is hunter2"),
    ]);
    const outputs: AgentOutput[] = [];
    const reading = async (): Promise<void> => {
      for await (const output of fromOpenAIAgents(stream(model))) outputs.push(output);
    };
    await expect(reading()).rejects.toMatchObject({ code: "internal", message: "Internal error." });
    expect(outputs).toEqual([
      { type: "text.delta", delta: "Half" },
      { type: "text.delta", delta: " of" },
    ]);
  });

  it("is a failure when the run does not begin", async () => {
    await expect(
      told(runner.run(new Agent({ name: "a", model: "none" }), "hi", { stream: true })),
    ).rejects.toMatchObject({
      name: "RuntimeError",
    });
    await expect(told(Promise.reject(new Error("hunter2")))).rejects.toMatchObject({ code: "internal" });
  });

  it.each([
    ["a model that ends without an answer", [{ type: "response_started" }] as const, "unavailable"],
    ["an error of ours", [new RuntimeError("resource_exhausted", "Enough.")] as const, "resource_exhausted"],
    ["a timeout", [Object.assign(new Error("slow"), { name: "TimeoutError" })] as const, "deadline_exceeded"],
  ])("says what %s means", async (_, turn, code) => {
    await expect(told(stream(modelOf(turn)))).rejects.toMatchObject({ code });
  });

  it("waits until a tool has stopped, when nobody reads any more", async () => {
    const began = Promise.withResolvers<undefined>();
    let isStopped = false;
    const slow = defineTool({
      name: "slow",
      description: "Waits.",
      input: z.looseObject({}),
      run: async (_input, { signal }) => {
        began.resolve(undefined);
        await new Promise((resolve) => signal?.addEventListener("abort", resolve));
        await new Promise((resolve) => setImmediate(resolve));
        isStopped = true;
        throw new Error("I was stopped.");
      },
    });
    const model = modelOf([{ type: "response_started" }, done(call("c1", "slow"))], [done(message("Not asked."))]);
    const outputs = fromOpenAIAgents(stream(model, { tools: toOpenAIAgentsTools([slow]) }));
    for await (const output of outputs) {
      if (typeof output !== "object" || output.type !== "tool.call") continue;
      await began.promise;
      break;
    }
    expect(isStopped).toBe(true);
    expect(model.requests).toHaveLength(1);
  });

  it("is a cancellation when it was aborted", async () => {
    const controller = new AbortController();
    const model = modelOf([{ type: "response_started" }, delta("Well"), delta("..."), done(message("Well..."))]);
    const reading = async (): Promise<void> => {
      for await (const _ of fromOpenAIAgents(stream(model, {}, { signal: controller.signal }))) controller.abort();
    };
    await expect(reading()).rejects.toMatchObject({ code: "canceled" });
  });
});

/** The SDK's own model, and a provider on this machine. */
async function asked(useResponses: boolean, answers: readonly ProviderAnswer[], more: object = {}) {
  await using server = await openProviderServer(...answers);
  const provider = new OpenAIProvider({ apiKey: "sk-test", baseURL: server.baseURL, useResponses });
  const own = new Runner({ tracingDisabled: true, modelProvider: provider });
  const input = toAgentInputItems([]) as AgentInputItem[];
  const agent = new Agent<unknown, AgentOutputType>({ name: "friday", model: "gpt-test", ...more });
  const run = own.run(agent, [...input, { role: "user", content: "hi" }], { stream: true });
  const outputs: AgentOutput[] = [];
  try {
    for await (const output of fromOpenAIAgents(run)) outputs.push(output);
    return { outputs, bodies: server.bodies, error: undefined };
  } catch (error) {
    return { outputs, bodies: server.bodies, error };
  }
}

const look = toOpenAIAgentsTools([
  defineTool({
    name: "look",
    description: "Looks.",
    input: z.looseObject({ at: z.string() }),
    run: ({ at }) => ({
      content: [
        { type: "text", text: `${at} is blue` },
        { type: "image", data: "AAAA", mediaType: "image/png" },
      ],
      isError: false,
    }),
  }),
]);

describe("the SDK's model for Responses", () => {
  const usage = {
    input_tokens: 10,
    output_tokens: 5,
    total_tokens: 15,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens_details: { reasoning_tokens: 2 },
  };
  const response = (output: object[], more: object = {}) => ({
    id: "resp_1",
    status: "completed",
    output,
    usage,
    ...more,
  });
  const created = { type: "response.created", response: { id: "resp_1", status: "in_progress", output: [] } };

  it("streams thoughts, arguments and text, and is given the result with its image", async () => {
    const thought = { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm." }] };
    const fn = {
      type: "function_call",
      id: "fc_1",
      call_id: "c1",
      name: "look",
      arguments: '{"at":"sky"}',
      status: "completed",
    };
    const text = { type: "output_text", text: "Blue.", annotations: [] };
    const said = { type: "message", id: "msg_1", role: "assistant", status: "completed", content: [text] };
    const { outputs, bodies } = await asked(
      true,
      [
        [
          created,
          {
            type: "response.reasoning_summary_text.delta",
            item_id: "rs_1",
            output_index: 0,
            summary_index: 0,
            delta: "Hm.",
          },
          { type: "response.output_item.added", output_index: 1, item: { ...fn, arguments: "" } },
          { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 1, delta: '{"at":' },
          { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 1, delta: '"sky"}' },
          { type: "response.completed", response: response([thought, fn]) },
        ],
        [
          created,
          { type: "response.output_item.added", output_index: 0, item: { ...said, content: [] } },
          { type: "response.output_text.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: "Blue." },
          { type: "response.completed", response: response([said]) },
        ],
      ],
      { tools: look },
    );
    const spent = {
      type: "usage",
      usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15, cached_input_tokens: 4, reasoning_tokens: 2 },
    };
    const piece = (text_: string) => ({ type: "tool.call.delta", callId: "c1", name: "look", delta: text_ });
    expect(outputs).toEqual([
      { type: "reasoning.delta", delta: "Hm." },
      end,
      piece(""),
      piece('{"at":'),
      piece('"sky"}'),
      spent,
      { type: "tool.call", callId: "c1", name: "look", arguments: '{"at":"sky"}' },
      expect.objectContaining({ type: "tool.result", callId: "c1" }),
      { type: "text.delta", delta: "Blue." },
      spent,
      end,
    ]);
    expect(bodies[1]?.["input"]).toContainEqual(
      expect.objectContaining({
        type: "function_call_output",
        call_id: "c1",
        output: [
          { type: "input_text", text: "sky is blue" },
          expect.objectContaining({ type: "input_image", image_url: "data:image/png;base64,AAAA" }),
        ],
      }),
    );
    expect(JSON.stringify(bodies)).not.toContain("agentscope");
  });

  it("says that it has reached its limit", async () => {
    const cut = response([], { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    const { outputs } = await asked(true, [
      [
        created,
        { type: "response.output_text.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: "And so" },
        { type: "response.incomplete", response: cut },
      ],
    ]);
    expect(outputs).toEqual([
      { type: "text.delta", delta: "And so" },
      { type: "usage", usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 } },
      { type: "incomplete", reason: "max_tokens" },
    ]);
  });

  it.each([
    [401, "unavailable"],
    [429, "resource_exhausted"],
    [400, "internal"],
    [503, "unavailable"],
  ])("fails with %i as %s", async (status, code) => {
    const { error } = await asked(
      true,
      [{ status, body: { error: { message: "hunter2", type: "x" } } }].concat(
        Array.from({ length: 3 }, () => ({ status, body: { error: { message: "hunter2", type: "x" } } })),
      ),
    );
    expect(error).toMatchObject({ code });
    expect((error as Error).message).not.toContain("hunter2");
  });

  it("fails when the connection breaks, after what was said", async () => {
    const { outputs, error } = await asked(true, [
      {
        broken: [
          created,
          { type: "response.output_text.delta", item_id: "m", output_index: 0, content_index: 0, delta: "Half" },
        ],
      },
    ]);
    expect(outputs).toEqual([{ type: "text.delta", delta: "Half" }]);
    expect(error).toMatchObject({ code: "unavailable" });
  });
});

describe("the SDK's model for chat completions", () => {
  const chunk = (delta_: object, finish: string | null = null) => ({
    id: "chat_1",
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta: delta_, finish_reason: finish }],
  });
  const usage = { id: "chat_1", choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } };

  it("streams thoughts, arguments of parallel calls, and text", async () => {
    const fn = (index: number, more: object) => chunk({ tool_calls: [{ index, ...more }] });
    const { outputs, bodies } = await asked(
      false,
      [
        [
          chunk({ role: "assistant", reasoning: "Hm." }),
          fn(0, { id: "c1", type: "function", function: { name: "look", arguments: "" } }),
          fn(0, { function: { arguments: '{"at":"sky"}' } }),
          fn(1, { id: "c2", type: "function", function: { name: "look", arguments: '{"at":"sea"}' } }),
          chunk({}, "tool_calls"),
          usage,
        ],
        [chunk({ content: "Blue" }), chunk({ content: "." }), chunk({}, "stop"), usage],
      ],
      { tools: look },
    );
    const shown = outputs.map((output) => {
      if (typeof output === "string") return output;
      if ("delta" in output) return `${output.type} ${output.delta}`;
      return "callId" in output ? `${output.type} ${output.callId}` : output.type;
    });
    expect(shown).toEqual([
      "reasoning.delta Hm.",
      "message.end",
      "tool.call.delta ",
      'tool.call.delta {"at":"sky"}',
      "tool.call.delta ",
      'tool.call.delta {"at":"sea"}',
      "usage",
      "tool.call c1",
      "tool.call c2",
      "tool.result c1",
      "tool.result c2",
      "text.delta Blue",
      "text.delta .",
      "usage",
      "message.end",
    ]);
    expect(bodies).toHaveLength(2);
  });

  it.each([
    ["length", "max_tokens"],
    ["content_filter", "content_filter"],
  ])("says that it has stopped for %s", async (finish, reason) => {
    const { outputs } = await asked(false, [[chunk({ content: "And so" }), chunk({}, finish), usage]]);
    expect(outputs.at(-1)).toEqual({ type: "incomplete", reason });
  });
});
