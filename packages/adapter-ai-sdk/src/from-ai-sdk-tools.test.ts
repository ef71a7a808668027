import { callTool } from "@agentscope-runtime/tools";
import type { Tool, ToolResult } from "@agentscope-runtime/tools";
import * as sdk7 from "ai";
import * as sdk6 from "ai-v6";
import { z } from "zod";
import { fromAiSdkTools, toAiSdkTools } from "./index.ts";
import type { AnyAiSdkTool, FromAiSdkToolsOptions } from "./index.ts";

async function one(tool: AnyAiSdkTool, options?: FromAiSdkToolsOptions): Promise<Tool> {
  const [made] = await fromAiSdkTools({ look: tool }, options);
  if (made === undefined) throw new Error("There is no tool.");
  return made;
}

const place = z.object({ at: z.string().describe("Where.") });
const wanted = { type: "object", properties: { at: { type: "string" } }, required: ["at"] };

/** What both versions have; their own types have no signature in common. */
interface Sdk {
  readonly tool: (definition: AnyAiSdkTool) => AnyAiSdkTool;
  readonly jsonSchema: (schema: never) => unknown;
  readonly zodSchema: (schema: typeof place) => unknown;
}

describe.each<[string, Sdk]>([
  ["7", sdk7 as unknown as Sdk],
  ["6", sdk6 as unknown as Sdk],
])("tools of AI SDK %s", (_, sdk) => {
  it("are tools of ours: described, checked and run", async () => {
    const seen: unknown[] = [];
    const execute = async (input: unknown, options: { toolCallId: string }) => {
      seen.push(input, options.toolCallId);
      return "blue";
    };
    const look = await one(sdk.tool({ description: "Looks.", inputSchema: place, execute }));
    expect(look).toMatchObject({ name: "look", description: "Looks.", inputSchema: wanted });
    expect(await callTool(look, { at: "sky" }, { callId: "c1" })).toEqual({
      content: [{ type: "text", text: "blue" }],
      isError: false,
    });
    expect(seen).toEqual([{ at: "sky" }, "c1"]);
    const refused = await callTool(look, { at: 1 });
    expect(refused.isError).toBe(true);
    expect(JSON.stringify(refused)).toContain("at");
    expect(seen).toHaveLength(2);
  });

  it.each([
    ["jsonSchema", sdk.jsonSchema(wanted as never)],
    ["a promise in jsonSchema", sdk.jsonSchema(Promise.resolve(wanted) as never)],
    ["zodSchema", sdk.zodSchema(place)],
    ["a lazy schema", () => sdk.zodSchema(place)],
  ])("take schemas as %s", async (_kind, inputSchema) => {
    const look = await one({ inputSchema, execute: () => "blue" });
    expect(look.inputSchema).toMatchObject({ type: "object", properties: { at: { type: "string" } } });
    expect(await callTool(look, { at: "sky" })).toMatchObject({ isError: false });
  });

  it("survive the way there and back", async () => {
    const look = await one(sdk.tool({ description: "Looks.", inputSchema: place, execute: () => "blue" }));
    const [again] = await fromAiSdkTools(toAiSdkTools([look]));
    if (again === undefined) throw new Error("There is no tool.");
    expect(again).toMatchObject({ name: "look", description: "Looks.", inputSchema: wanted });
    expect(await callTool(again, { at: "sky" })).toEqual(await callTool(look, { at: "sky" }));
    expect(await callTool(again, {})).toMatchObject({ isError: true });
  });
});

it("a failure is one, in the words that the tool threw", async () => {
  const fail = await one({
    inputSchema: z.object({}),
    execute: () => {
      throw new Error("The well is dry.");
    },
  });
  expect(await callTool(fail, {})).toEqual({ content: [{ type: "text", text: "The well is dry." }], isError: true });
});

it("what is yielded before the last is an update", async () => {
  const updates: ToolResult[] = [];
  const draw = await one({
    inputSchema: z.object({}),
    execute: async function* () {
      yield "a line";
      yield "a face";
      yield { done: true };
    },
  });
  const result = await callTool(draw, {}, { onUpdate: (update) => void updates.push(update) });
  expect(result).toEqual({ content: [{ type: "data", data: { done: true } }], isError: false });
  expect(updates.map(({ content }) => content)).toEqual([
    [{ type: "text", text: "a line" }],
    [{ type: "text", text: "a face" }],
  ]);
});

it.each([
  [
    { type: "text", value: "t" },
    { content: [{ type: "text", text: "t" }], isError: false },
  ],
  [
    { type: "error-text", value: "t" },
    { content: [{ type: "text", text: "t" }], isError: true },
  ],
  [
    { type: "json", value: [1] },
    { content: [{ type: "data", data: [1] }], isError: false },
  ],
  [
    { type: "error-json", value: [1] },
    { content: [{ type: "data", data: [1] }], isError: true },
  ],
  [
    { type: "execution-denied", reason: "no" },
    { content: [{ type: "text", text: "The call was denied: no" }], isError: true },
  ],
  [
    {
      type: "content",
      value: [
        { type: "text", text: "t" },
        { type: "image-data", data: "QUJD", mediaType: "image/png" },
        { type: "file", data: { type: "data", data: "QUJD" }, mediaType: "image/png" },
        { type: "media", data: "QUJD", mediaType: "application/pdf" },
        { type: "image-url", url: "https://example.com/a.png" },
      ],
    },
    {
      content: [
        { type: "text", text: "t" },
        { type: "image", data: "QUJD", mediaType: "image/png" },
        { type: "image", data: "QUJD", mediaType: "image/png" },
        { type: "file", data: "QUJD", mediaType: "application/pdf" },
        { type: "data", data: { type: "image-url", url: "https://example.com/a.png" } },
      ],
      isError: false,
    },
  ],
])("toModelOutput says what the model sees: %j", async (output, result) => {
  const tool = await one({ inputSchema: z.object({}), execute: () => 1, toModelOutput: async () => output });
  expect(await callTool(tool, {})).toEqual(result);
});

it("an abort reaches the tool, and the call rejects", async () => {
  const stop = new AbortController();
  const wait = await one({
    inputSchema: z.object({}),
    execute: async (_: unknown, { abortSignal }: { abortSignal: AbortSignal }) => {
      const aborted = new Promise((resolve) => {
        abortSignal.addEventListener("abort", resolve);
      });
      stop.abort(new Error("enough"));
      await aborted;
      throw new Error("I was stopped.");
    },
  });
  await expect(callTool(wait, {}, { signal: stop.signal })).rejects.toThrow("enough");
});

it("a tool that needs an approval does not run without one", async () => {
  const paid: unknown[] = [];
  const pay: AnyAiSdkTool = {
    inputSchema: z.object({ amount: z.number() }),
    needsApproval: async ({ amount }: { amount: number }) => amount > 5,
    execute: (input: unknown) => {
      paid.push(input);
      return "paid";
    },
  };
  expect(await callTool(await one(pay), { amount: 7 })).toMatchObject({ isError: true });
  expect(paid).toEqual([]);
  expect(await callTool(await one(pay), { amount: 3 })).toMatchObject({ isError: false });
  const isApproved = (name: string, input: unknown): boolean =>
    name === "look" && JSON.stringify(input) === '{"amount":7}';
  expect(await callTool(await one(pay, { isApproved }), { amount: 7 })).toMatchObject({ isError: false });
  expect(await callTool(await one(pay, { isApproved }), { amount: 8 })).toMatchObject({ isError: true });
  expect(paid).toEqual([{ amount: 3 }, { amount: 7 }]);
});

it.each<[string, AnyAiSdkTool, string]>([
  ["no execute", { inputSchema: z.object({}) }, "has no execute"],
  ["no schema", { execute: () => 1 }, "cannot be read"],
  ["a schema of no object", { inputSchema: z.string(), execute: () => 1 }, "takes no object"],
  [
    "a schema without JSON",
    { inputSchema: { "~standard": { validate: () => ({ value: 1 }) } }, execute: () => 1 },
    "cannot be read",
  ],
])("a tool with %s is refused by its name", async (_, tool, words) => {
  await expect(fromAiSdkTools({ look: tool })).rejects.toMatchObject({
    code: "invalid_argument",
    message: expect.stringMatching(new RegExp(`look.*${words}`)) as string,
  });
});
