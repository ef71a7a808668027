import { createToolbox, defineTool } from "@agentscope-runtime/tools";
import type { Tool, ToolResult } from "@agentscope-runtime/tools";
import * as sdk7 from "ai";
import * as sdk6 from "ai-v6";
import { MockLanguageModelV3, simulateReadableStream as simulate6 } from "ai-v6/test";
import { MockLanguageModelV4, simulateReadableStream as simulate7 } from "ai/test";
import { z } from "zod";
import { fromAiSdk, toAiSdkTools, toModelMessages } from "./index.ts";

interface Finish {
  type: "finish";
  usage: {
    inputTokens: { total: number; noCache: number; cacheRead: number; cacheWrite: number };
    outputTokens: { total: number; text: number; reasoning: number };
  };
  finishReason: { unified: "stop" | "tool-calls"; raw: undefined };
}

/** What the models of both versions may say. */
type Chunk =
  | Finish
  | { type: "tool-call"; toolCallId: string; toolName: string; input: string }
  | { type: "text-start" | "text-end"; id: string }
  | { type: "text-delta"; id: string; delta: string };

const finish = (unified: "stop" | "tool-calls"): Chunk => ({
  type: "finish",
  usage: {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  },
  finishReason: { unified, raw: undefined },
});

/** What a model says that calls one tool and then says that it is done. */
const steps = (toolName: string, input: string): Chunk[][] => [
  [{ type: "tool-call", toolCallId: "c1", toolName, input }, finish("tool-calls")],
  [
    { type: "text-start", id: "0" },
    { type: "text-delta", id: "0", delta: "Done." },
    { type: "text-end", id: "0" },
    finish("stop"),
  ],
];

interface Asked {
  readonly outputs: unknown[];
  /** What the model was shown as the tool's result. */
  readonly shown: unknown;
  readonly schema: unknown;
}

interface Call {
  readonly name: string;
  readonly input: object;
  readonly signal?: AbortSignal;
}

type Ask = (box: Iterable<Tool>, call: Call) => Promise<Asked>;

async function asked(
  stream: Parameters<typeof fromAiSdk>[0],
  calls: readonly { readonly prompt: unknown; readonly tools?: unknown }[],
): Promise<Asked> {
  const outputs = await Array.fromAsync(fromAiSdk(stream));
  const prompt = calls[1]?.prompt as { role: string; content: { output: unknown }[] }[] | undefined;
  const [tool] = (calls[0]?.tools ?? []) as { inputSchema: unknown }[];
  return { outputs, shown: prompt?.find(({ role }) => role === "tool")?.content[0]?.output, schema: tool?.inputSchema };
}

const withSdk7: Ask = async (box, { name, input, signal }) => {
  const model = new MockLanguageModelV4({
    doStream: steps(name, JSON.stringify(input)).map((chunks) => ({ stream: simulate7({ chunks }) })),
  });
  const stream = sdk7.streamText({
    model,
    prompt: "Go.",
    tools: toAiSdkTools(box),
    stopWhen: sdk7.stepCountIs(3),
    onError: () => undefined,
    ...(signal && { abortSignal: signal }),
  });
  return asked(stream, model.doStreamCalls);
};

const withSdk6: Ask = async (box, { name, input, signal }) => {
  const model = new MockLanguageModelV3({
    doStream: steps(name, JSON.stringify(input)).map((chunks) => ({ stream: simulate6({ chunks }) })),
  });
  const stream = sdk6.streamText({
    model,
    prompt: "Go.",
    tools: toAiSdkTools(box),
    stopWhen: sdk6.stepCountIs(3),
    onError: () => undefined,
    ...(signal && { abortSignal: signal }),
  });
  return asked(stream, model.doStreamCalls);
};

const plot: ToolResult = {
  content: [
    { type: "text", text: "a plot" },
    { type: "image", data: "iVBORw0KGgo=", mediaType: "image/png" },
  ],
  isError: false,
};

const add = defineTool({
  name: "add",
  description: "Adds.",
  input: z.object({ a: z.number() }),
  run: ({ a }) => `${a + 1}`,
});

describe.each([
  ["AI SDK 7", withSdk7],
  ["AI SDK 6", withSdk6],
])("our tools in %s", (_, ask) => {
  it("are told to the model with their schema, called, and answered as text", async () => {
    const { outputs, shown, schema } = await ask([add], { name: "add", input: { a: 1 } });
    expect(schema).toMatchObject({ type: "object", properties: { a: { type: "number" } }, required: ["a"] });
    expect(shown).toMatchObject({ type: "text", value: "2" });
    expect(outputs).toContainEqual({
      type: "tool.result",
      callId: "c1",
      name: "add",
      kind: "plugin",
      output: { content: [{ type: "text", text: "2" }], isError: false },
    });
    expect(outputs).toContainEqual({ type: "text.delta", delta: "Done." });
  });

  it("say what is wrong with arguments, so that the model can do better", async () => {
    const { outputs, shown } = await ask([add], { name: "add", input: { a: "one" } });
    expect(JSON.stringify(shown)).toContain("a: expected number");
    expect(outputs).toContainEqual(expect.objectContaining({ type: "tool.result", isError: true }));
  });

  it("show the model images as images, and clients what there is so far", async () => {
    const draw = defineTool({
      name: "draw",
      description: "Draws.",
      input: z.object({}),
      run: async (_input, { onUpdate }) => {
        onUpdate?.({ content: [{ type: "text", text: "drawing" }], isError: false });
        await new Promise((resolve) => setImmediate(resolve));
        return plot;
      },
    });
    const { outputs, shown } = await ask([draw], { name: "draw", input: {} });
    expect(JSON.stringify(shown)).toContain("iVBORw0KGgo=");
    expect(shown).toMatchObject({ type: "content", value: [{ type: "text", text: "a plot" }, {}] });
    const results = outputs.filter((output) => typeof output === "object" && output !== null && "output" in output);
    expect(results).toMatchObject([
      { output: { content: [{ text: "drawing" }] }, preliminary: true },
      { output: plot, preliminary: true }, // The SDK tells the last one twice.
      { output: plot },
    ]);
  });

  it("learn that the run was aborted", async () => {
    const stop = new AbortController();
    const stopped = Promise.withResolvers<unknown>();
    const wait = defineTool({
      name: "wait",
      description: "Waits.",
      input: z.object({}),
      run: async (_input, { signal }) => {
        signal?.addEventListener("abort", () => {
          stopped.resolve(signal.reason);
        });
        stop.abort(new Error("enough"));
        await stopped.promise;
        throw new Error("stopped");
      },
    });
    await ask([wait], { name: "wait", input: {}, signal: stop.signal }).catch(() => undefined);
    expect(await stopped.promise).toMatchObject({ message: "enough" });
  });
});

it("shows a later run's model the images of an earlier run's tool as images, and its failures as failures", () => {
  const call = (id: string) => ({ type: "plugin_call" as const, call_id: id, name: "draw", arguments: "{}" });
  const history = [
    { type: "plugin_call", role: "assistant", content: [{ type: "data", data: call("c1") }] },
    {
      type: "plugin_call_output",
      role: "tool",
      content: [{ type: "data", data: { call_id: "c1", name: "draw", output: JSON.stringify(plot) } }],
    },
  ];
  const messages = toModelMessages(history as unknown as Parameters<typeof toModelMessages>[0]);
  expect(messages.at(-1)).toMatchObject({
    role: "tool",
    content: [
      { output: { type: "content", value: [{ text: "a plot" }, { type: "image-data", data: "iVBORw0KGgo=" }] } },
    ],
  });
});

it("names images where the model's provider takes none in results", async () => {
  const draw = defineTool({ name: "draw", description: "Draws.", input: z.object({}), run: () => plot });
  const { draw: given } = toAiSdkTools([draw], { imagesInResults: false });
  expect(given?.toModelOutput({ output: plot })).toEqual({ type: "text", value: "a plot\n[image image/png]" });
});

it("takes a toolbox, and names each tool once", () => {
  expect(Object.keys(toAiSdkTools(createToolbox(add)))).toEqual(["add"]);
});
