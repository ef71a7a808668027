import { RuntimeError } from "@agentscope-runtime/protocol";
import { callTool, defineTool, textResult } from "@agentscope-runtime/tools";
import type { ToolResult } from "@agentscope-runtime/tools";
import { RunContext, tool, webSearchTool } from "@openai/agents";
import { z } from "zod";
import { fromOpenAIAgentsTools, toOpenAIAgentsTools } from "./index.ts";

const context = new RunContext();

function ours(run: Parameters<typeof defineTool>[0]["run"]) {
  return defineTool({ name: "look", description: "Looks.", input: z.object({ at: z.string() }), run });
}

async function invoked(run: Parameters<typeof defineTool>[0]["run"], input = '{"at":"sky"}', details = {}) {
  const [made] = toOpenAIAgentsTools([ours(run)]);
  return made?.invoke(context, input, details);
}

describe("our tools as the SDK's", () => {
  it("have our schema and are told the call's id and signal", async () => {
    const { signal } = new AbortController();
    let told: unknown;
    const run = (input: unknown, options: unknown) => {
      told = { input, options };
      return "blue";
    };
    expect(await invoked(run, '{"at":"sky"}', { signal, toolCall: { callId: "c1" } })).toBe("blue");
    expect(told).toEqual({ input: { at: "sky" }, options: { signal, callId: "c1" } });
    const [made] = toOpenAIAgentsTools([ours(run)]);
    expect(made?.parameters).toMatchObject({
      type: "object",
      properties: { at: { type: "string" } },
      required: ["at"],
    });
  });

  it("tell the model what is wrong with its arguments", async () => {
    for (const input of ['{"at":1}', "no json", ""]) {
      expect(await invoked(() => "blue", input)).toMatchObject([
        { type: "text", text: expect.stringContaining("look") },
      ]);
    }
  });

  it("fail in their words, and tell nothing of a bug", async () => {
    expect(await invoked(() => Promise.reject(new RuntimeError("not_found", "There is no sky.")))).toMatchObject([
      { type: "text", text: "There is no sky.", agentscope: { isError: true } },
    ]);
    const bug = await invoked(() => Promise.reject(new Error("hunter2")));
    expect(bug).toMatchObject([{ text: "The tool look failed." }]);
    expect(JSON.stringify(bug)).not.toContain("hunter2");
  });

  it("stop with the signal's reason", async () => {
    const controller = new AbortController();
    const running = invoked(
      (_input, { signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => {
            reject(new Error("stopped"));
          });
        }),
      '{"at":"sky"}',
      { signal: controller.signal },
    );
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
  });

  it("ask for approval where one wants it", async () => {
    const [asks] = toOpenAIAgentsTools([ours(() => "")], {
      needsApproval: ({ name }, given) => name === "look" && (given as { at?: string }).at === "sky",
    });
    expect(await asks?.needsApproval(context, { at: "sky" })).toBe(true);
    expect(await asks?.needsApproval(context, { at: "sea" })).toBe(false);
    const [never] = toOpenAIAgentsTools([ours(() => "")]);
    expect(await never?.needsApproval(context, {})).toBe(false);
  });
});

describe("the SDK's tools as ours", () => {
  const parameters = z.object({ at: z.string() });
  const made = (more: object) => {
    const [one] = fromOpenAIAgentsTools([
      tool({ name: "look", description: "Looks.", parameters, execute: () => "", ...more }),
    ]);
    if (one === undefined) throw new Error("There is none.");
    return one;
  };
  const text = (words: string): ToolResult => textResult(words);

  it("have the SDK's schema, and are called as the SDK calls them", async () => {
    let given: unknown;
    const one = made({
      execute: (
        input: unknown,
        runContext: unknown,
        details: { toolCall?: { callId: string }; signal?: AbortSignal },
      ) => {
        given = {
          input,
          hasContext: runContext !== undefined,
          callId: details.toolCall?.callId,
          signal: details.signal,
        };
        return "blue";
      },
    });
    const { signal } = new AbortController();
    expect(await callTool(one, { at: "sky" }, { callId: "c1", signal })).toEqual(text("blue"));
    expect(given).toEqual({ input: { at: "sky" }, hasContext: true, callId: "c1", signal });
    expect(one.inputSchema).toMatchObject({ type: "object", properties: { at: { type: "string" } } });
  });

  it.each<[string, unknown, ToolResult["content"]]>([
    ["a value", { colour: "blue" }, [{ type: "data", data: { colour: "blue" } }]],
    ["nothing", undefined, [{ type: "data", data: null }]],
    ["a text", { type: "text", text: "blue" }, [{ type: "text", text: "blue" }]],
    [
      "an image as data",
      { type: "image", image: { data: "AAAA", mediaType: "image/webp" } },
      [{ type: "image", data: "AAAA", mediaType: "image/webp" }],
    ],
    [
      "an image as bytes",
      { type: "image", image: { data: new Uint8Array([0, 0, 0]), mediaType: "image/png" } },
      [{ type: "image", data: "AAAA", mediaType: "image/png" }],
    ],
    [
      "an image as a data URL",
      [{ type: "image", image: "data:image/png;base64,AAAA" }],
      [{ type: "image", data: "AAAA", mediaType: "image/png" }],
    ],
    [
      "a file",
      [
        { type: "text", text: "Here." },
        { type: "file", file: { data: "AAAA", mediaType: "a/b", filename: "f" } },
      ],
      [
        { type: "text", text: "Here." },
        { type: "file", data: "AAAA", mediaType: "a/b", filename: "f" },
      ],
    ],
  ])("give %s as what it is", async (_, returned, content) => {
    expect(await callTool(made({ execute: () => returned }), { at: "sky" })).toEqual({ content, isError: false });
  });

  it("fail as failures where the SDK lets them", async () => {
    const fails = { execute: () => Promise.reject(new Error("hunter2")) };
    expect(await callTool(made({ ...fails, errorFunction: null }), { at: "sky" })).toMatchObject({ isError: true });
    expect(await callTool(made(fails), { at: 1 })).toMatchObject({ isError: true });
    const said = await callTool(made(fails), { at: "sky" });
    expect(said.isError).toBe(true);
    expect(JSON.stringify(said)).not.toContain("hunter2");
  });

  it("do not run without the approval that they need", async () => {
    let hasRun = false;
    const one = made({
      needsApproval: true,
      execute: () => {
        hasRun = true;
        return "";
      },
    });
    expect(await callTool(one, { at: "sky" })).toMatchObject({ isError: true });
    expect(hasRun).toBe(false);
  });

  it("are the same when they were ours before", async () => {
    const results: ToolResult[] = [
      text("blue"),
      { content: [{ type: "text", text: "It fell." }], isError: true },
      {
        content: [
          { type: "data", data: [1] },
          { type: "image", data: "AAAA", mediaType: "image/png" },
        ],
        isError: false,
      },
      { content: [], isError: false },
      { content: [{ type: "file", data: "AAAA", mediaType: "a/b" }], isError: false },
    ];
    for (const result of results) {
      const [one] = fromOpenAIAgentsTools(toOpenAIAgentsTools([ours(() => result)]));
      if (one === undefined) throw new Error("There is none.");
      expect(await callTool(one, { at: "sky" })).toEqual(result);
    }
  });

  it("are refused when they run elsewhere", () => {
    expect(() => fromOpenAIAgentsTools([webSearchTool()])).toThrow(
      expect.objectContaining({ code: "invalid_argument" }),
    );
  });
});
