import { RuntimeError } from "@agentscope-runtime/protocol";
import { callTool, defineTool, errorResult, textResult } from "@agentscope-runtime/tools";
import type { Tool, ToolResult } from "@agentscope-runtime/tools";
import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import { fromMastraTools, toMastraTools } from "./index.ts";
import type { FromMastraToolsOptions, MastraTool } from "./index.ts";

function ours(tool: object, options?: FromMastraToolsOptions): Tool {
  const [made] = fromMastraTools({ look: tool }, options);
  if (made === undefined) throw new Error("There is no tool.");
  return made;
}

function theirs(tool: Tool): MastraTool {
  const made = toMastraTools([tool])[tool.name];
  if (made === undefined) throw new Error("There is no tool.");
  return made;
}

const place = z.object({ at: z.string().describe("Where.") });
const image = { type: "image", data: "iVBORw0K", mediaType: "image/png" } as const;

describe("tools of Mastra", () => {
  it("are tools of ours: described, checked and run", async () => {
    const seen: unknown[] = [];
    const look = ours(
      createTool({
        id: "looks",
        description: "Looks.",
        inputSchema: place,
        execute: async (input, context) => {
          seen.push(input, context.agent?.toolCallId);
          return "blue";
        },
      }),
    );
    expect(look).toMatchObject({ name: "look", description: "Looks." });
    expect(look.inputSchema).toEqual({
      type: "object",
      properties: { at: { type: "string", description: "Where." } },
      required: ["at"],
    });
    expect(await callTool(look, { at: "sky" }, { callId: "c1" })).toEqual(textResult("blue"));
    expect(seen).toEqual([{ at: "sky" }, "c1"]);
    const refused = await callTool(look, { at: {} });
    expect(refused.isError).toBe(true);
    expect(JSON.stringify(refused)).toContain("expected string");
    expect(seen).toHaveLength(2);
  });

  it("are failures when they throw or suspend themselves, and data when they answer with a value", async () => {
    const answers = createTool({
      id: "look",
      description: "Looks.",
      inputSchema: place,
      suspendSchema: z.object({}),
      execute: async ({ at }, context) => {
        if (at === "well") throw new Error("The well is dry.");
        if (at === "night") await context.agent?.suspend({});
        return { sky: "blue" };
      },
    });
    expect(await callTool(ours(answers), { at: "well" })).toEqual(errorResult("The well is dry."));
    const suspended = await callTool(ours(answers), { at: "night" });
    expect(suspended).toMatchObject({ isError: true });
    expect(JSON.stringify(suspended)).toContain("nobody here can resume it");
    expect(await callTool(ours(answers), { at: "sky" })).toEqual({
      content: [{ type: "data", data: { sky: "blue" } }],
      isError: false,
    });
  });

  it("show what toModelOutput says, and tell what they write", async () => {
    const updates: ToolResult[] = [];
    const draw = createTool({
      id: "draw",
      description: "Draws.",
      execute: async (_input, context) => {
        await context.writer?.write("half");
        return { pixels: 1 };
      },
      toModelOutput: () => ({
        type: "content",
        value: [
          { type: "text", text: "Here." },
          { type: "media", data: image.data, mediaType: image.mediaType },
        ],
      }),
    });
    const result = await callTool(ours(draw), {}, { onUpdate: (update) => updates.push(update) });
    expect(result).toEqual({ content: [{ type: "text", text: "Here." }, image], isError: false });
    expect(updates).toEqual([textResult("half")]);
  });

  it("wait for a person where they ask for one", async () => {
    const pay = createTool({
      id: "pay",
      description: "Pays.",
      inputSchema: place,
      requireApproval: true,
      execute: async () => "paid",
    });
    expect(await callTool(ours(pay), { at: "shop" })).toMatchObject({ isError: true });
    const isApproved: FromMastraToolsOptions["isApproved"] = (name, input) =>
      name === "look" && JSON.stringify(input) === '{"at":"shop"}';
    expect(await callTool(ours(pay, { isApproved }), { at: "shop" })).toEqual(textResult("paid"));
    expect(await callTool(ours(pay, { isApproved }), { at: "bank" })).toMatchObject({ isError: true });
  });

  it("are refused where nobody here could run them, or tell their arguments", () => {
    expect(() => ours(createTool({ id: "ask", description: "Asks." }))).toThrow("has no execute");
    expect(() => ours({ execute: async () => 1, inputSchema: { type: "object" } })).toThrow(
      "make the tool with createTool",
    );
  });

  it("stop when they are aborted", async () => {
    const stop = new AbortController();
    const wait = createTool({
      id: "wait",
      description: "Waits.",
      execute: async (_input, { abortSignal }) => {
        stop.abort(new Error("enough"));
        abortSignal?.throwIfAborted();
      },
    });
    await expect(callTool(ours(wait), {}, { signal: stop.signal })).rejects.toThrow("enough");
  });
});

describe("our tools for Mastra", () => {
  const look = defineTool({
    name: "look",
    description: "Looks.",
    input: place,
    run: ({ at }, { callId, onUpdate, signal }) => {
      signal?.throwIfAborted();
      onUpdate?.(textResult("so far"));
      if (at === "well") return errorResult("The well is dry.");
      if (at === "bug") throw new RuntimeError("unavailable", "The lamp is out.");
      return { content: [{ type: "text", text: `${callId}: ${at}` }, image], isError: false };
    },
  });

  it("are tools to Mastra, with their own schema", async () => {
    const agent = new Agent({
      id: "a",
      name: "a",
      instructions: "",
      model: "openai/gpt-5",
      tools: toMastraTools([look]),
    });
    expect(Object.keys(await agent.listTools())).toEqual(["look"]);
    expect(theirs(look).inputSchema["~standard"].jsonSchema.input()).toEqual(look.inputSchema);
    expect(theirs(look)).toMatchObject({ id: "look", description: "Looks.", requireApproval: false });
  });

  it("fail as Mastra's do, and say what is wrong with their arguments", async () => {
    await expect(theirs(look).execute({ at: "well" })).rejects.toThrow("The well is dry.");
    await expect(theirs(look).execute({ at: "bug" })).rejects.toThrow("The lamp is out.");
    await expect(theirs(look).execute({ at: 1 })).rejects.toThrow("at");
    await expect(
      theirs(look).execute({ at: "sky" }, { abortSignal: AbortSignal.abort(new Error("enough")) }),
    ).rejects.toThrow("enough");
  });

  it("know their call, tell what there is so far, also to nobody, and show images as images", async () => {
    const written: unknown[] = [];
    const writer = { write: async (value: unknown) => Promise.reject(new Error(String(written.push(value)))) };
    const result = await theirs(look).execute({ at: "sky" }, { writer, agent: { toolCallId: "c1" } });
    expect(written).toEqual([textResult("so far")]);
    expect(theirs(look).toModelOutput(result)).toEqual({
      type: "content",
      value: [
        { type: "text", text: "c1: sky" },
        { type: "media", data: image.data, mediaType: image.mediaType },
      ],
    });
  });

  it("survive the way there and back", async () => {
    const agent = new Agent({
      id: "a",
      name: "a",
      instructions: "",
      model: "openai/gpt-5",
      tools: toMastraTools([look]),
    });
    const [back] = fromMastraTools(await agent.listTools());
    if (back === undefined) throw new Error("There is no tool.");
    expect(back).toMatchObject({ name: "look", description: "Looks.", inputSchema: look.inputSchema });
    expect(await callTool(back, { at: "sky" }, { callId: "c1" })).toEqual(
      await callTool(look, { at: "sky" }, { callId: "c1" }),
    );
    expect(await callTool(back, { at: "well" })).toEqual(errorResult("The well is dry."));
  });
});
