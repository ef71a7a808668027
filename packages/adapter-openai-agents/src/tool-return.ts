import { isObject } from "@agentscope-runtime/core/adapter";
import { parseToolResult, resultText } from "@agentscope-runtime/tools";
import type { ToolContent, ToolResult } from "@agentscope-runtime/tools";

/** A part of what a tool of the SDK returns. */
export type AgentToolReturnPart =
  | { type: "text"; text: string }
  | { type: "image"; image: { data: string; mediaType: string } }
  | { type: "file"; file: { data: string; mediaType: string; filename: string } };

/** What our tools return to the SDK. */
export type AgentToolReturn = string | AgentToolReturnPart[];

/** The SDK knows nothing of this field: it is for whoever reads the run. */
interface Marked {
  readonly agentscope: ToolResult;
}

/**
 * A result for the SDK: images and files as such, data as JSON text, a failure as its text. Where that does not say all, the result
 * itself stands in the first part, where the SDK does not look.
 */
export function toToolReturn(result: ToolResult): AgentToolReturn {
  const [only, ...more] = result.content;
  if (only?.type === "text" && more.length === 0 && !result.isError) return only.text;
  const parts = result.isError ? [textPart(resultText(result))] : result.content.map(toPart);
  const [first = textPart(""), ...rest] = parts;
  const marked: AgentToolReturnPart & Marked = { ...first, agentscope: result };
  return [marked, ...rest];
}

/** The result of one of our tools, from what it has returned to the SDK. */
export function resultIn(returned: unknown): ToolResult | undefined {
  const first: unknown = Array.isArray(returned) ? returned[0] : undefined;
  return isObject(first) ? parseToolResult(first["agentscope"]) : undefined;
}

function textPart(text: string): AgentToolReturnPart {
  return { type: "text", text };
}

function toPart(content: ToolContent, index: number): AgentToolReturnPart {
  switch (content.type) {
    case "text":
      return textPart(content.text);
    case "data":
      return textPart(JSON.stringify(content.data));
    case "image":
      return { type: "image", image: { data: content.data, mediaType: content.mediaType } };
    case "file": {
      const { data, mediaType, filename = `file-${index + 1}` } = content;
      return { type: "file", file: { data, mediaType, filename } };
    }
  }
}
