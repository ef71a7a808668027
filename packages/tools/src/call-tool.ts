import { parse, RuntimeError } from "@agentscope-runtime/protocol";
import { errorResult } from "./tool-result.ts";
import type { ToolResult } from "./tool-result.ts";
import type { Tool, ToolRunOptions } from "./tool.ts";

/**
 * Runs a tool with the arguments that a model wrote. What the model can mend comes back as a result with `isError`: arguments
 * that do not fit, named by field, and every `RuntimeError` of the tool. Rejects when the call was aborted, and for bugs.
 */
export async function callTool(tool: Tool, toolArguments: unknown, options: ToolRunOptions = {}): Promise<ToolResult> {
  try {
    return await tool.run(parse(tool.input, toolArguments, `arguments of ${tool.name}`), options);
  } catch (thrown) {
    options.signal?.throwIfAborted();
    if (!RuntimeError.is(thrown) || thrown.code === "internal") throw thrown;
    return errorResult(thrown.message);
  }
}
