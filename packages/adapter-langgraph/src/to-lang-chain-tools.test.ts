import { RuntimeError } from "@agentscope-runtime/protocol";
import { createToolbox, defineTool } from "@agentscope-runtime/tools";
import type { ToolResult } from "@agentscope-runtime/tools";
import { ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { Command, interrupt } from "@langchain/langgraph";
import { z } from "zod";
import { fromLangChainTools } from "./from-lang-chain-tools.ts";
import { toLangChainTools } from "./to-lang-chain-tools.ts";

const input = z.object({ at: z.string() });
const ours = (run: () => ToolResult | string) => defineTool({ name: "look", description: "Looks.", input, run });
const callOf = (args: Record<string, unknown>) => ({ type: "tool_call" as const, id: "c1", name: "look", args });

async function called(run: () => ToolResult | string): Promise<ToolMessage> {
  const [made] = toLangChainTools([ours(run)]);
  return (await made?.invoke(callOf({ at: "sky" }))) as ToolMessage; // As every call with an id.
}

describe("toLangChainTools", () => {
  it("shows a model the name, the description and the schema", () => {
    const [made] = toLangChainTools(createToolbox(ours(() => "blue")));
    expect(made).toMatchObject({ name: "look", description: "Looks.", schema: { type: "object", required: ["at"] } });
  });

  it("answers a call with a ToolMessage of the same id", async () => {
    expect(await called(() => "blue")).toMatchObject({
      content: "blue",
      tool_call_id: "c1",
      name: "look",
      status: "success",
    });
  });

  it("marks failures, those of the tool and those of its arguments", async () => {
    const failed = await called(() => ({ content: [{ type: "text", text: "The well is dry." }], isError: true }));
    expect(failed).toMatchObject({ content: "The well is dry.", status: "error" });
    const refused = await called(() => {
      throw new RuntimeError("not_found", "There is no sky.");
    });
    expect(refused).toMatchObject({ content: "There is no sky.", status: "error" });
    const [made] = toLangChainTools([ours(() => "blue")]);
    await expect(made?.invoke(callOf({ at: 7 }))).rejects.toThrow("schema");
  });

  it("shows images as images, and keeps files and data whole in the artifact", async () => {
    const result: ToolResult = {
      content: [
        { type: "image", data: "AAAA", mediaType: "image/png" },
        { type: "file", data: "BBBB", mediaType: "text/csv", filename: "a.csv" },
        { type: "data", data: { n: 1 } },
      ],
      isError: false,
    };
    const message = await called(() => result);
    expect(message.content).toEqual([
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "text", text: "[file a.csv]" },
      { type: "text", text: '{"n":1}' },
    ]);
    expect(message.artifact).toEqual(result);
  });

  it("returns the content, or throws, when it is called without an id", async () => {
    const [good] = toLangChainTools([ours(() => "blue")]);
    expect(await good?.invoke({ at: "sky" })).toBe("blue");
    const [bad] = toLangChainTools([ours(() => ({ content: [{ type: "text", text: "No." }], isError: true }))]);
    await expect(bad?.invoke({ at: "sky" })).rejects.toThrow("No.");
  });

  it("stops with the signal, and rejects", async () => {
    const controller = new AbortController();
    const stopped = Promise.withResolvers<undefined>();
    const waiting = defineTool({
      name: "look",
      description: "Waits.",
      input,
      run: async (_input, { signal }) => {
        controller.abort();
        await new Promise<void>((resolve) => {
          if (signal?.aborted === true) resolve();
          else signal?.addEventListener("abort", () => resolve());
        });
        stopped.resolve(undefined);
        throw new Error("stopped");
      },
    });
    const [made] = toLangChainTools([waiting]);
    const config = { signal: controller.signal };
    await expect(made?.invoke(callOf({ at: "sky" }), config)).rejects.toBeDefined();
    await stopped.promise;
  });
});

describe("fromLangChainTools", () => {
  const theirs = (run: (args: { at: string }, config: { signal?: AbortSignal }) => unknown, more: object = {}) =>
    tool(run as never, { name: "look", description: "Looks.", schema: input, ...more } as never) as never;
  const boxOf = (...args: Parameters<typeof theirs>) => createToolbox(fromLangChainTools([theirs(...args)]));

  it("have name, description and schema, of zod and of JSON", () => {
    expect(boxOf(() => "blue").get("look")).toMatchObject({
      description: "Looks.",
      inputSchema: { type: "object", properties: { at: { type: "string" } }, required: ["at"] },
    });
    const schema = { type: "object", properties: { at: { type: "number" } } };
    expect(boxOf(() => "blue", { schema }).get("look").inputSchema).toEqual(schema);
  });

  it("answer with texts, objects, blocks and whole ToolMessages", async () => {
    const answer = async (value: unknown, more?: object): Promise<ToolResult> =>
      boxOf(() => value, more).call("look", { at: "sky" });
    expect(await answer("blue")).toEqual({ content: [{ type: "text", text: "blue" }], isError: false });
    expect(await answer({ colour: "blue" })).toEqual({
      content: [{ type: "text", text: '{"colour":"blue"}' }],
      isError: false,
    });
    expect(await answer([{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }])).toEqual({
      content: [{ type: "image", data: "AAAA", mediaType: "image/png" }],
      isError: false,
    });
    const failure = new ToolMessage({ content: "No sky.", tool_call_id: "c", status: "error" });
    expect(await answer(failure)).toEqual({ content: [{ type: "text", text: "No sky." }], isError: true });
  });

  it("tell what they throw, and arguments that do not fit, as results that are errors", async () => {
    const failing = boxOf(() => {
      throw new Error("The well is dry.");
    });
    expect(await failing.call("look", { at: "sky" })).toEqual({
      content: [{ type: "text", text: "The well is dry." }],
      isError: true,
    });
    expect(await boxOf(() => "blue").call("look", { at: 7 })).toMatchObject({ isError: true });
  });

  it("hand on the signal, and what there is so far", async () => {
    const controller = new AbortController();
    const waiting = boxOf(async (_args, { signal }) => {
      controller.abort(new Error("Enough."));
      await new Promise((_resolve, reject) => {
        if (signal?.aborted === true) reject(new Error("stopped"));
        else signal?.addEventListener("abort", () => reject(new Error("stopped")));
      });
    });
    await expect(waiting.call("look", { at: "sky" }, { signal: controller.signal })).rejects.toThrow("Enough.");
    const updates: ToolResult[] = [];
    const growing = boxOf(async function* () {
      yield "so far";
      yield { n: 1 };
      return "all";
    });
    const result = await growing.call("look", { at: "sky" }, { onUpdate: (update) => updates.push(update) });
    expect(result).toMatchObject({ content: [{ text: "all" }] });
    expect(updates.map(({ content }) => content[0])).toEqual([
      { type: "text", text: "so far" },
      { type: "data", data: { n: 1 } },
    ]);
  });

  it("say that they need their graph", async () => {
    const commanding = boxOf(() => new Command({ update: {} }));
    expect(await commanding.call("look", { at: "sky" })).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("graph") }],
    });
    const pausing = boxOf(() => interrupt("Shall I?"));
    expect(await pausing.call("look", { at: "sky" })).toMatchObject({ isError: true });
  });

  it("come back from ours as they were", async () => {
    const result: ToolResult = {
      content: [
        { type: "text", text: "Here." },
        { type: "image", data: "AAAA", mediaType: "image/png" },
        { type: "file", data: "BBBB", mediaType: "text/csv", filename: "a.csv" },
        { type: "data", data: [1, { b: null }] },
      ],
      isError: false,
    };
    const [tool_] = fromLangChainTools(toLangChainTools([ours(() => result)]) as never);
    expect(await tool_?.run({ at: "sky" })).toEqual(result);
  });
});
