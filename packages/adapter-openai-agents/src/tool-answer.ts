import type { ToolResult as AgentToolResult } from "@agentscope-runtime/core";
import { isObject } from "@agentscope-runtime/core/adapter";
import { parseToolResult } from "@agentscope-runtime/tools";
import type { ToolContent, ToolResult } from "@agentscope-runtime/tools";
import { asText } from "./as-text.ts";
import { toolNameOf } from "./from-item.ts";
import { readDataUrl } from "./data-url.ts";
import type { AgentsRunItem, RawItem } from "./run-event.ts";
import { outputValue } from "./tool-output.ts";
import { resultIn } from "./tool-return.ts";

/** What the SDK tells a model when a tool has thrown, and nobody has said otherwise. */
export const sdkFailure = "An error occurred while running the tool. Please try again.";

/** What became of a call. */
export function outputOf(item: AgentsRunItem): AgentToolResult {
  const { rawItem } = item;
  const callId = asText(rawItem["callId"] ?? rawItem["call_id"] ?? rawItem["id"]);
  if (rawItem.type !== "function_call_result") {
    return { type: "tool.result", callId, name: toolNameOf(asText(rawItem.type)), ...ofOther(rawItem) };
  }
  const name = asText(rawItem["name"]);
  const result = resultIn(item.output);
  if (result !== undefined) return { type: "tool.result", callId, name, ...ofOurs(result) };
  const output = outputValue(rawItem["output"]);
  return {
    type: "tool.result",
    callId,
    name,
    output,
    ...((hasNotRun(item) || output === sdkFailure) && { isError: true }),
  };
}

function ofOurs(result: ToolResult): { readonly output: unknown; readonly isError?: true } {
  return result.isError ? { output: result, isError: true } : { output: result };
}

/** Refused by a person or a guardrail, or called with arguments that do not fit. A handoff has no such state. */
function hasNotRun(item: AgentsRunItem): boolean {
  return "executionStatus" in item && item.executionStatus === undefined;
}

function ofOther(item: RawItem): { readonly output: unknown; readonly isError?: true } {
  const { output } = item;
  switch (item.type) {
    case "computer_call_result":
      return { output: screenshot(output) };
    case "apply_patch_call_output":
      return { output: output ?? item["status"], ...(item["status"] === "failed" && { isError: true as const }) };
    case "tool_search_output":
      return { output: item["tools"] ?? null };
    case undefined:
    default:
      return { output: output ?? null };
  }
}

function screenshot(output: unknown): unknown {
  const data = isObject(output) ? output["data"] : undefined;
  const bytes = typeof data === "string" ? readDataUrl(data) : undefined;
  if (bytes === undefined) return output ?? null;
  const image: ToolContent = { type: "image", data: bytes.base64, mediaType: bytes.mediaType };
  return parseToolResult({ content: [image], isError: false });
}
