import { RuntimeError } from "@agentscope-runtime/protocol";
import { errorResult } from "./tool-result.ts";
import type { ToolResult } from "./tool-result.ts";
import type { ToolRunOptions } from "./tool.ts";

/**
 * Runs a tool that was written for a framework. What such a tool throws is how it tells a model what went wrong: a result with
 * `isError` and the error's text. Rejects when the call was aborted, and with RuntimeErrors.
 */
export async function runForeignTool(
  run: () => Promise<ToolResult>,
  { signal }: Pick<ToolRunOptions, "signal"> = {},
): Promise<ToolResult> {
  try {
    return await run();
  } catch (thrown) {
    signal?.throwIfAborted();
    if (RuntimeError.is(thrown)) throw thrown;
    return errorResult(messageOf(thrown));
  }
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  const message: unknown = typeof thrown === "object" && thrown !== null && "message" in thrown ? thrown.message : "";
  return typeof message === "string" && message !== "" ? message : "The tool failed.";
}
