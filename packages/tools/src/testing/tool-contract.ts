import { callTool } from "../call-tool.ts";
import type { Tool } from "../tool.ts";

/** A tool, and what is needed to ask it. */
export interface ToolSubject {
  readonly tool: Tool;
  /** Arguments that it takes. */
  readonly good: unknown;
  /** Arguments that it must refuse, and the field that is to be named. */
  readonly bad: { readonly arguments: unknown; readonly field: string };
}

/** What it means to be a `Tool`. One function per promise, for `describeContract` of `@agentscope-runtime/services/testing`. */
export const toolContract = {
  "has a name, a description and a schema that model providers take": async ({ tool }: ToolSubject) => {
    expect(tool.name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(tool.description.trim()).not.toBe("");
    expect(tool.inputSchema).toMatchObject({ type: "object" });
    expect(JSON.parse(JSON.stringify(tool.inputSchema))).toEqual(tool.inputSchema);
  },

  "answers with content that survives JSON": async ({ tool, good }: ToolSubject) => {
    const result = await callTool(tool, good);
    expect(result.isError).toBe(false);
    expect(result.content.length).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  },

  "refuses arguments that do not fit, and names the field": async ({ tool, bad }: ToolSubject) => {
    const result = await callTool(tool, bad.arguments);
    expect(result.isError).toBe(true);
    expect(JSON.stringify(result.content)).toContain(bad.field);
  },

  "does nothing for a call that was aborted before": async ({ tool, good }: ToolSubject) => {
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(callTool(tool, good, { signal })).rejects.toThrow("stop");
  },

  "answers calls that run at the same time each for itself": async ({ tool, good }: ToolSubject) => {
    const results = await Promise.all(Array.from({ length: 4 }, () => callTool(tool, good)));
    expect(results.filter(({ isError }) => isError)).toEqual([]);
  },
} satisfies Readonly<Record<string, (subject: ToolSubject) => Promise<void>>>;
