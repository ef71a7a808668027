import { RuntimeError } from "@agentscope-runtime/protocol";
import { describeContract } from "@agentscope-runtime/services/testing";
import { z } from "zod";
import { callTool, createToolbox, defineTool, resultText } from "./index.ts";
import { toolContract } from "./testing/index.ts";

const add = defineTool({
  name: "add",
  description: "Adds two numbers.",
  input: z.object({ a: z.number().describe("The first."), b: z.number().default(1) }),
  readOnly: true,
  run: ({ a, b }) => String(a + b),
});

describeContract("A tool made by defineTool", toolContract, {
  create: () => ({ tool: add, good: { a: 1, b: 2 }, bad: { arguments: { a: "one" }, field: "a" } }),
});

it("tells the model what may be left out", () => {
  expect(add.inputSchema).toEqual({
    type: "object",
    properties: { a: { type: "number", description: "The first." }, b: { type: "number", default: 1 } },
    required: ["a"],
  });
});

it("fills in what was left out", async () => {
  expect(resultText(await callTool(add, { a: 2 }))).toBe("3");
});

it.each([
  [{ name: "two words" }, /"two words" is refused by models/],
  [{ name: "x".repeat(65) }, /refused by models/],
  [{ description: " " }, /has no description/],
])("refuses %j, which models would refuse", (wrong, message) => {
  const definition = { name: "ok", description: "Is fine.", input: z.object({}), run: () => "" };
  expect(() => defineTool({ ...definition, ...wrong })).toThrow(message);
});

it("refuses an input that is no object", () => {
  const definition = { name: "say", description: "Says it.", run: (text: string) => text };
  expect(() => defineTool({ ...definition, input: z.string() })).toThrow(/use z.object/);
});

it("tells the model of a failure that it can act on, and nobody of a bug", async () => {
  const failing = (error: Error) => {
    const run = (): string => {
      throw error;
    };
    return defineTool({ name: "fail", description: "Fails.", input: z.object({}), run });
  };
  const known = new RuntimeError("not_found", "There is no such file.");
  expect(await callTool(failing(known), {})).toEqual({
    content: [{ type: "text", text: "There is no such file." }],
    isError: true,
  });
  await expect(callTool(failing(new TypeError("a bug")), {})).rejects.toThrow("a bug");
});

it("rejects with the reason of the abort, whatever the tool makes of it", async () => {
  const stop = new AbortController();
  const slow = defineTool({
    name: "slow",
    description: "Waits.",
    input: z.object({}),
    run: async (_, { signal }) => {
      stop.abort(new Error("enough"));
      signal?.throwIfAborted();
      return "";
    },
  });
  await expect(callTool(slow, {}, { signal: stop.signal })).rejects.toThrow("enough");
});

it("finds tools by name, in boxes of boxes", async () => {
  const inner = createToolbox(add);
  const box = createToolbox(inner, defineTool({ ...add, name: "plus" }));
  expect([...box].map(({ name }) => name)).toEqual(["add", "plus"]);
  expect(resultText(await box.call("plus", { a: 1 }))).toBe("2");
  await expect(box.call("minus", {})).rejects.toMatchObject({
    code: "not_found",
    message: 'There is no tool "minus"; there are: add, plus.',
  });
  expect(() => createToolbox(add, inner)).toThrow(/Two tools are named add/);
});

it("says every kind of content in words", () => {
  const content = [
    { type: "text", text: "hi" },
    { type: "image", data: "AA==", mediaType: "image/png" },
    { type: "file", data: "AA==", mediaType: "audio/wav" },
    { type: "file", data: "AA==", mediaType: "text/csv", filename: "a.csv" },
    { type: "data", data: { a: 1 } },
  ] as const;
  expect(resultText({ content, isError: false })).toBe(
    'hi\n[image image/png]\n[file audio/wav]\n[file a.csv]\n{"a":1}',
  );
});
