import { callTool, defineTool, textResult } from "@agentscope-runtime/tools";
import type { Tool, ToolResult } from "@agentscope-runtime/tools";
import { z } from "zod";
import type { AgentScopeToolResultBlock, AnyAgentScopeTool } from "./index.ts";
import { fromAgentScopeTools, toAgentScopeTools } from "./index.ts";
import { HandMadeToolkit } from "./testing/hand-made-toolkit.ts";

const define = (run: (input: unknown, signal: AbortSignal | undefined) => Promise<ToolResult>): Tool =>
  defineTool({
    name: "look",
    description: "Looks.",
    input: z.object({ at: z.string() }),
    run: async (input, { signal }) => run(input, signal),
  }) as Tool;

/** Runs a tool as the framework does: the whole answer, and the states of its pieces. */
async function callTheirs(
  tool: AnyAgentScopeTool,
  input: object,
): Promise<{ output: AgentScopeToolResultBlock["output"]; state: string; states: string[] }> {
  const call = { type: "tool_call", id: "c1", name: tool.name, input: JSON.stringify(input) } as const;
  const responses = new HandMadeToolkit({ tools: [tool] }).callToolFunction(call);
  const states: string[] = [];
  for (;;) {
    const next = await responses.next();
    if (next.done === true) return { output: next.value.content, state: next.value.state, states };
    states.push(next.value.state);
  }
}

describe("toAgentScopeTools", () => {
  it("gives texts as one, and images and files as data", async () => {
    const [tool] = toAgentScopeTools([
      define(async () => ({
        content: [
          { type: "text", text: "one" },
          { type: "data", data: { two: 2 } },
          { type: "image", data: "AAAA", mediaType: "image/png" },
          { type: "file", data: "BBBB", mediaType: "text/csv", filename: "a.csv" },
          { type: "text", text: "three" },
        ],
        isError: false,
      })),
    ]);
    if (tool === undefined) throw new Error("There is no tool.");
    const { output, state } = await callTheirs(tool, { at: "sky" });
    expect(state).toBe("success");
    expect(output).toMatchObject([
      { type: "text", text: 'one\n{"two":2}' },
      { type: "data", source: { type: "base64", data: "AAAA", mediaType: "image/png" } },
      { type: "data", name: "a.csv", source: { mediaType: "text/csv" } },
      { type: "text", text: "three" },
    ]);
  });

  it("tells failures and arguments that do not fit as errors, in words for the model", async () => {
    const [tool] = toAgentScopeTools([define(async () => ({ ...textResult("dry"), isError: true }))]);
    if (tool === undefined) throw new Error("There is no tool.");
    expect(await callTheirs(tool, { at: "well" })).toMatchObject({ state: "error", output: [{ text: "dry" }] });
    const unfit = await callTheirs(tool, { at: 1 });
    expect(unfit.state).toBe("error");
    expect(JSON.stringify(unfit.output)).toContain("at");
  });

  it("hands the run's signal to the tool, its schema to the model, and asks before what needs it", async () => {
    const controller = new AbortController();
    let seen: AbortSignal | undefined;
    const tool = define(async (_, signal) => {
      seen = signal;
      return textResult("x");
    });
    const [converted] = toAgentScopeTools([tool], {
      signal: controller.signal,
      needsApproval: ({ name }) => name === "look",
    });
    expect(converted).toMatchObject({
      requireUserConfirm: true,
      inputSchema: { type: "object", properties: { at: { type: "string" } } },
    });
    await converted?.call({ at: "sky" });
    expect(seen).toBe(controller.signal);
  });
});

describe("fromAgentScopeTools", () => {
  const from = (call: AnyAgentScopeTool["call"], inputSchema: object = { type: "object" }): Tool => {
    const [tool] = fromAgentScopeTools([{ name: "look", description: "Looks.", inputSchema, call }]);
    if (tool === undefined) throw new Error("There is no tool.");
    return tool;
  };
  const response = (text: string, state: string): object => ({
    content: [{ type: "text", id: "1", text }],
    id: "r",
    createdAt: "2026-01-01T00:00:00.000Z",
    metadata: {},
    state,
    isLast: true,
    isInterrupted: false,
    stream: false,
  });

  it.each<[string, () => unknown]>([
    ["a text", () => "blue"],
    ["a promise of one", async () => "blue"],
    [
      "a generator of texts",
      function* () {
        yield "bl";
        yield "ue";
      },
    ],
    [
      "an async generator of responses",
      async function* () {
        yield response("bl", "running");
        yield response("ue", "success");
      },
    ],
    ["a response", () => response("blue", "success")],
  ])("takes %s for an answer", async (_, call) => {
    expect(await callTool(from(call), {})).toEqual(textResult("blue"));
  });

  it("tells a response with the state error as a failure, images as images, and how far it is", async () => {
    expect(
      await callTool(
        from(() => response("dry", "error")),
        {},
      ),
    ).toEqual({ ...textResult("dry"), isError: true });
    const image = { type: "data", id: "2", source: { type: "base64", data: "AAAA", mediaType: "image/png" } };
    const drawn = await callTool(
      from(() => ({ ...response("", "success"), content: [image] })),
      {},
    );
    expect(drawn.content).toEqual([{ type: "image", data: "AAAA", mediaType: "image/png" }]);
    const updates: ToolResult[] = [];
    const slow = from(function* () {
      yield "bl";
      yield "ue";
    });
    await callTool(slow, {}, { onUpdate: (result) => void updates.push(result) });
    expect(updates).toEqual([textResult("bl"), textResult("blue")]);
  });

  it("refuses what a schema of either kind refuses, and hands the rest on as it is", async () => {
    const zod = z.object({ at: z.string(), near: z.string().default("me") });
    const json = { type: "object", properties: { at: { type: "string" } }, required: ["at"] };
    for (const schema of [zod, json]) {
      const tool = from((input: unknown) => JSON.stringify(input), schema);
      expect(tool.inputSchema).toMatchObject({ type: "object", properties: { at: { type: "string" } } });
      expect((await callTool(tool, { at: 1 })).isError).toBe(true);
      expect(await callTool(tool, { at: "sky" })).toEqual(textResult('{"at":"sky"}'));
    }
  });

  it("stops waiting when it is aborted, and returns the generator", async () => {
    const controller = new AbortController();
    let isReturned = false;
    const tool = from(async function* () {
      try {
        yield "one";
        controller.abort(new Error("enough"));
        yield "two";
      } finally {
        isReturned = true;
      }
    });
    await expect(callTool(tool, {}, { signal: controller.signal })).rejects.toThrow("enough");
    expect(isReturned).toBe(true);
    const stuck = from(async () => new Promise(() => undefined));
    await expect(callTool(stuck, {}, { signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
  });

  it("refuses a tool that only the client can run", () => {
    expect(() => from(undefined)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  it("gives our own tools back as they were, but for their schema", async () => {
    const [there] = toAgentScopeTools([define(async (input) => textResult(JSON.stringify(input)))]);
    if (there === undefined) throw new Error("There is no tool.");
    const [back] = fromAgentScopeTools([there]);
    if (back === undefined) throw new Error("There is no tool.");
    expect(await callTool(back, { at: "sky" })).toEqual(textResult('{"at":"sky"}'));
    expect((await callTool(back, { at: 1 })).isError).toBe(true);
  });
});
