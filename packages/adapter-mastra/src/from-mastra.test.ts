import type { AgentOutput } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { Mastra } from "@mastra/core";
import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { InMemoryStore } from "@mastra/core/storage";
import { createTool } from "@mastra/core/tools";
import { Memory } from "@mastra/memory";
import { APICallError } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";
import { fromMastra } from "./from-mastra.ts";
import type { MastraResult } from "./from-mastra.ts";

/** One call of a model: what it says, and the tools that it calls. */
interface Turn {
  readonly text?: string;
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly input: object }[];
  readonly fail?: Error;
}

const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 5, text: 5, reasoning: undefined },
};

function modelOf(...turns: readonly Turn[]): MastraModelConfig {
  let asked = 0;
  const next = (): Turn => turns[asked++] ?? {};
  const model = new MockLanguageModelV4({
    doGenerate: async () => ({
      content: [{ type: "text", text: next().text ?? "" }],
      finishReason: { unified: "stop", raw: undefined },
      usage,
      warnings: [],
    }),
    doStream: async () => {
      const { text = "", calls = [], fail } = next();
      if (fail !== undefined) throw fail;
      return {
        stream: ReadableStream.from([
          { type: "stream-start", warnings: [] },
          ...(text === ""
            ? []
            : [
                { type: "text-start", id: "t" },
                ...text.split(/(?<= )/).map((delta) => ({ type: "text-delta", id: "t", delta })),
                { type: "text-end", id: "t" },
              ]),
          ...calls.map(({ id, name, input }) => ({
            type: "tool-call",
            toolCallId: id,
            toolName: name,
            input: JSON.stringify(input),
          })),
          {
            type: "finish",
            usage,
            finishReason: { unified: calls.length > 0 ? "tool-calls" : "stop", raw: undefined },
          },
        ] as never[]),
      };
    },
  });
  // Mastra declares what `doGenerate` returns as a stream.
  return model as unknown as MastraModelConfig;
}

/** Puts an agent into an app of Mastra's, with a storage of its own. */
function served(agent: Agent): Agent {
  return new Mastra({ agents: { agent }, storage: new InMemoryStore(), logger: false }).getAgent("agent");
}

const all = async (result: MastraResult | PromiseLike<MastraResult>): Promise<AgentOutput[]> =>
  Array.fromAsync(fromMastra(result));

/** Chunks as an agent sends them. */
async function* told(
  ...chunks: readonly { type: string; payload?: unknown; object?: unknown; data?: unknown }[]
): AsyncGenerator<{ type: string }> {
  for (const chunk of chunks) yield { runId: "r", from: "AGENT", ...chunk } as { type: string };
}

const text = (id: string, delta: string): { type: string; payload: unknown } => ({
  type: "text-delta",
  payload: { id, text: delta },
});
const call = (toolCallId: string, args: unknown = {}, toolName = "look"): { type: string; payload: unknown } => ({
  type: "tool-call",
  payload: { toolCallId, toolName, args },
});
const result = (toolCallId: string, value: unknown): { type: string; payload: unknown } => ({
  type: "tool-result",
  payload: { toolCallId, toolName: "look", result: value },
});
const usageOf = (outputs: readonly AgentOutput[]): number =>
  outputs.reduce(
    (sum, output) =>
      sum + (typeof output !== "string" && output.type === "usage" ? Number(output.usage.total_tokens) : 0),
    0,
  );
const ofType = (outputs: readonly AgentOutput[], type: string): AgentOutput[] =>
  outputs.filter((output) => typeof output !== "string" && output.type === type);

describe("fromMastra", () => {
  it("makes two blocks two messages, and one block one, whatever stands between", async () => {
    const outputs = await all(
      told(text("1", "a"), text("1", "b"), text("2", "c"), call("x"), result("x", "y"), text("2", "d")),
    );
    expect(outputs).toEqual([
      { type: "text.delta", delta: "a" },
      { type: "text.delta", delta: "b" },
      { type: "message.end" },
      { type: "text.delta", delta: "c" },
      { type: "tool.call", callId: "x", name: "look", arguments: {}, kind: "plugin" },
      { type: "tool.result", callId: "x", name: "look", output: "y", kind: "plugin" },
      { type: "text.delta", delta: "d" },
    ]);
  });

  it("tells a result once that Mastra tells twice, and a call of the same id in a later step anew", async () => {
    const outputs = await all(told(call("x"), result("x", 1), result("x", 1), call("x"), result("x", 2)));
    expect(ofType(outputs, "tool.result")).toMatchObject([{ output: 1 }, { output: 2 }]);
    expect(ofType(outputs, "tool.call")).toHaveLength(2);
  });

  it("takes results, denials and pieces of calls that it knows nothing of", async () => {
    const denied = {
      type: "tool-output-denied",
      payload: { toolCallId: "z", toolName: "pay", approval: { reason: "No." } },
    };
    const piece = { type: "tool-call-delta", payload: { toolCallId: "?", argsTextDelta: "{" } };
    expect(await all(told(piece, result("x", undefined), denied, { type: "a-chunk-of-tomorrow", payload: 1 }))).toEqual(
      [
        { type: "tool.result", callId: "x", name: "look", output: null, kind: "plugin" },
        {
          type: "tool.result",
          callId: "z",
          name: "pay",
          output: "The call was denied: No.",
          isError: true,
          kind: "plugin",
        },
      ],
    );
  });

  it("says who runs a tool of the client's", async () => {
    const outputs = await Array.fromAsync(fromMastra(told(call("x")), { clientTools: ["look"] }));
    expect(outputs).toMatchObject([{ type: "tool.call", kind: "function" }]);
  });

  it("carries files, sources and what a tool tells the client itself", async () => {
    const outputs = await all(
      told(
        { type: "file", payload: { data: new Uint8Array([1, 2]), mimeType: "image/png" } },
        { type: "file", payload: { data: "https://example.com/a.mp3", mimeType: "audio/mpeg" } },
        { type: "source", payload: { id: "1", sourceType: "url", url: "https://example.com", title: "E" } },
        { type: "data-weather", data: { sky: "blue" } },
      ),
    );
    expect(outputs).toEqual([
      { type: "content", content: { type: "image", image_url: "data:image/png;base64,AQI=" } },
      { type: "content", content: { type: "audio", data: "https://example.com/a.mp3", format: "mp3" } },
      {
        type: "content",
        content: {
          type: "data",
          data: { type: "source", source_type: "url", id: "1", title: "E", url: "https://example.com" },
        },
      },
      { type: "content", content: { type: "data", data: { type: "data-weather", data: { sky: "blue" } } } },
    ]);
  });

  it("tells a structured answer once", async () => {
    const object = { type: "object-result", object: { sky: "blue" } };
    expect(await all(told(text("1", ' {"sky":'), text("1", '"blue"}'), object))).toHaveLength(2);
    expect(await all(told(text("1", "It is blue."), object))).toContainEqual({
      type: "content",
      content: { type: "data", data: { sky: "blue" } },
    });
  });

  it("ends incomplete where a processor stops the agent, and goes on where it tries again", async () => {
    expect(await all(told({ type: "tripwire", payload: { reason: "secret" } }))).toEqual([
      { type: "incomplete", reason: "tripwire" },
    ]);
    expect(await all(told({ type: "tripwire", payload: { reason: "secret", retry: true } }))).toEqual([]);
  });

  it.each([
    [
      "a rate limit",
      new APICallError({
        message: "hunter2",
        url: "https://x",
        requestBodyValues: {},
        statusCode: 429,
        isRetryable: false,
      }),
      "resource_exhausted",
    ],
    [
      "a provider that is down",
      new APICallError({
        message: "hunter2",
        url: "https://x",
        requestBodyValues: {},
        statusCode: 503,
        isRetryable: false,
      }),
      "unavailable",
    ],
    ["an unknown error", new Error("hunter2"), "internal"],
  ])("tells %s by its code, and not in the provider's words", async (_, fail, code) => {
    const agent = served(new Agent({ id: "a", name: "a", instructions: "", model: modelOf({ fail }), maxRetries: 0 }));
    const failure = await all(agent.stream("hi")).catch((thrown: unknown) => thrown);
    expect(RuntimeError.is(failure) && failure.code).toBe(code);
    expect(JSON.stringify(failure)).not.toContain("hunter2");
  });

  it("says what a file that cannot be downloaded means", async () => {
    const error = Object.assign(new Error("Failed: http://10.0.0.1/"), { id: "DOWNLOAD_ASSETS_FAILED" });
    await expect(all(told({ type: "error", payload: { error } }))).rejects.toMatchObject({
      code: "invalid_argument",
      message: "A file of the messages cannot be downloaded.",
    });
  });

  it("tells a failure to begin", async () => {
    await expect(all(Promise.reject(new Error("no")))).rejects.toMatchObject({ code: "internal" });
  });

  it("tells what a tool writes as its result so far, and asks what a tool that suspends itself asks", async () => {
    const look = createTool({
      id: "look",
      description: "Looks.",
      inputSchema: z.object({}),
      suspendSchema: z.object({ why: z.string() }),
      resumeSchema: z.object({ approved: z.boolean() }),
      execute: async (_input, context) => {
        await context.writer?.write("a cloud");
        if (context.agent?.resumeData?.approved === true) return "blue";
        await context.agent?.suspend({ why: "It is dark." });
        return undefined;
      },
    });
    const model = modelOf({ calls: [{ id: "c1", name: "look", input: {} }] }, { text: "Blue." });
    const agent = served(new Agent({ id: "a", name: "a", instructions: "", model, tools: { look } }));
    const asked = await all(agent.stream("hi", { runId: "r1" }));
    expect(asked).toEqual([
      { type: "tool.call", callId: "c1", name: "look", arguments: {}, kind: "plugin" },
      { type: "tool.result", callId: "c1", name: "look", output: "a cloud", preliminary: true, kind: "plugin" },
      {
        type: "content",
        content: { type: "data", data: { type: "suspended", tool: "look", payload: { why: "It is dark." } } },
      },
      { type: "approval.request", id: "r1:c1", name: "look", arguments: {} },
    ]);
    const resumed = await all(agent.resumeStream({ approved: true }, { runId: "r1", toolCallId: "c1" }));
    expect(ofType(resumed, "tool.result").at(-1)).toMatchObject({ callId: "c1", output: "blue" });
    expect(resumed).toContainEqual({ type: "text.delta", delta: "Blue." });
    expect(usageOf(asked) + usageOf(resumed)).toBe(30);
  });

  it("tells arguments that do not fit as a failure", async () => {
    const look = createTool({
      id: "look",
      description: "Looks.",
      inputSchema: z.object({ at: z.object({}) }),
      execute: async () => "blue",
    });
    const model = modelOf({ calls: [{ id: "c1", name: "look", input: { at: 1 } }] }, { text: "No." });
    const agent = served(new Agent({ id: "a", name: "a", instructions: "", model, tools: { look } }));
    expect(ofType(await all(agent.stream("hi")), "tool.result")).toMatchObject([{ callId: "c1", isError: true }]);
  });

  it("tells an agent that is a tool: its text so far, its calls under ids of their own, its tokens", async () => {
    const poem = "Roses are red, ".repeat(200);
    const look = createTool({
      id: "look",
      description: "Looks.",
      inputSchema: z.object({}),
      execute: async () => "red",
    });
    const poet = new Agent({
      id: "poet",
      name: "poet",
      description: "Writes.",
      instructions: "",
      model: modelOf({ calls: [{ id: "c1", name: "look", input: {} }] }, { text: poem }),
      tools: { look },
    });
    const model = modelOf(
      { calls: [{ id: "c1", name: "agent-poet", input: { prompt: "A poem." } }] },
      { text: "There." },
    );
    const outputs = await all(
      served(new Agent({ id: "boss", name: "boss", instructions: "", model, agents: { poet } })).stream("hi"),
    );
    expect(outputs).toContainEqual({ type: "tool.call", callId: "c1/c1", name: "look", arguments: {}, kind: "plugin" });
    expect(outputs).toContainEqual({
      type: "tool.result",
      callId: "c1/c1",
      name: "look",
      output: "red",
      kind: "plugin",
    });
    const soFar = ofType(outputs, "tool.result").filter(
      (output) => typeof output !== "string" && "preliminary" in output,
    ) as { output: string }[];
    expect(soFar.at(0)?.output).toBe("Roses ");
    for (const { output } of soFar) expect(poem.startsWith(output)).toBe(true);
    expect(soFar.at(-1)?.output).toBe(poem);
    expect(soFar.reduce((sum, { output }) => sum + output.length, 0)).toBeLessThan(6 * poem.length);
    expect(outputs.at(-2)).toEqual({ type: "text.delta", delta: "There." });
    expect(usageOf(outputs)).toBe(60);
  });

  it("asks once for what an agent inside waits for, and goes on inside", async () => {
    const pay = createTool({
      id: "pay",
      description: "Pays.",
      inputSchema: z.object({}),
      requireApproval: true,
      execute: async () => "paid",
    });
    const clerk = new Agent({
      id: "clerk",
      name: "clerk",
      description: "Pays.",
      instructions: "",
      model: modelOf({ calls: [{ id: "p1", name: "pay", input: {} }] }, { text: "Done." }),
      tools: { pay },
    });
    const model = modelOf({ calls: [{ id: "c1", name: "agent-clerk", input: { prompt: "Pay." } }] }, { text: "Paid." });
    const agent = served(new Agent({ id: "boss", name: "boss", instructions: "", model, agents: { clerk } }));
    const asked = await all(agent.stream("hi", { runId: "r1" }));
    expect(ofType(asked, "approval.request")).toEqual([
      { type: "approval.request", id: "r1:c1", name: "pay", arguments: {} },
    ]);
    const resumed = await all(agent.resumeStream({ approved: true }, { runId: "r1", toolCallId: "c1" }));
    expect(resumed).toContainEqual({
      type: "tool.result",
      callId: "c1/p1",
      name: "pay",
      output: "paid",
      kind: "plugin",
    });
    expect(resumed).toContainEqual({ type: "text.delta", delta: "Paid." });
    expect(usageOf(asked) + usageOf(resumed)).toBe(60);
  });

  it("tells a network: why it chose whom, what that one does and says, the answer, and all tokens once", async () => {
    const storage = new InMemoryStore();
    const look = createTool({
      id: "look",
      description: "Looks.",
      inputSchema: z.object({}),
      execute: async () => "red",
    });
    const poet = new Agent({
      id: "poet",
      name: "poet",
      description: "Writes.",
      instructions: "",
      model: modelOf({ calls: [{ id: "c1", name: "look", input: {} }] }, { text: "Roses are red." }),
      tools: { look },
    });
    const router = modelOf(
      {
        text: JSON.stringify({
          primitiveId: "poet",
          primitiveType: "agent",
          prompt: "A poem.",
          selectionReason: "It is a poem.",
        }),
      },
      { text: JSON.stringify({ isComplete: true, completionReason: "Done.", finalResult: "Here: roses are red." }) },
    );
    const boss = new Agent({
      id: "boss",
      name: "boss",
      instructions: "",
      model: router,
      agents: { poet },
      memory: new Memory({ storage }),
    });
    const network = new Mastra({ agents: { boss }, storage, logger: false }).getAgent("boss");
    const outputs = await all(network.network("hi", { memory: { thread: "t", resource: "ada" } }));
    const [called] = ofType(outputs, "tool.call") as { callId: string }[];
    expect(outputs[0]).toEqual({ type: "reasoning.delta", delta: "It is a poem." });
    expect(called).toMatchObject({ name: "agent-poet", arguments: { prompt: "A poem." } });
    expect(outputs).toContainEqual({
      type: "tool.result",
      callId: `${called?.callId}/c1`,
      name: "look",
      output: "red",
      kind: "plugin",
    });
    expect(outputs).toContainEqual({
      type: "tool.result",
      callId: called?.callId,
      name: "agent-poet",
      output: "Roses are red.",
      kind: "plugin",
    });
    expect(
      outputs
        .flatMap((output) => (typeof output !== "string" && output.type === "text.delta" ? [output.delta] : []))
        .join(""),
    ).toBe("Here: roses are red.");
    expect(usageOf(outputs)).toBe(45);
  });
});
