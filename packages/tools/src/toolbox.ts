import { RuntimeError } from "@agentscope-runtime/protocol";
import { callTool } from "./call-tool.ts";
import type { ToolResult } from "./tool-result.ts";
import type { Tool, ToolRunOptions } from "./tool.ts";

/** Tools by name. */
export interface Toolbox extends Iterable<Tool> {
  /** `not_found`, with the names that there are. */
  get(name: string): Tool;
  /** As `callTool`; `not_found` when there is no such tool. */
  call(name: string, toolArguments: unknown, options?: ToolRunOptions): Promise<ToolResult>;
}

/** Puts tools, and the tools of other boxes, into one. `invalid_argument` when two have the same name. */
export function createToolbox(...tools: readonly (Tool | Iterable<Tool>)[]): Toolbox {
  const byName = new Map<string, Tool>();
  for (const tool of tools.flatMap((entry) => (Symbol.iterator in entry ? [...entry] : [entry]))) {
    if (byName.has(tool.name)) {
      throw new RuntimeError("invalid_argument", `Two tools are named ${tool.name}: leave out or rename one.`);
    }
    byName.set(tool.name, tool);
  }
  const get = (name: string): Tool => {
    const tool = byName.get(name);
    if (tool !== undefined) return tool;
    const message = `There is no tool ${JSON.stringify(name)}; there are: ${[...byName.keys()].join(", ")}.`;
    throw new RuntimeError("not_found", message);
  };
  return {
    get,
    call: async (name, toolArguments, options) => callTool(get(name), toolArguments, options),
    [Symbol.iterator]: () => byName.values(),
  };
}
