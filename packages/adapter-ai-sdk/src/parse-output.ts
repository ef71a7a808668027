import { parseToolResult } from "@agentscope-runtime/tools";
import type { ModelJson, ModelToolOutput } from "./model-message.ts";
import { toToolOutput } from "./to-tool-output.ts";
import type { ResultImages } from "./to-tool-output.ts";

/** Results of our own tools as what they are, other JSON objects and arrays as JSON, everything else as the text it is. */
export function parseOutput(text: string, isError: boolean, images: ResultImages): ModelToolOutput {
  // Digits of long numbers would be lost.
  const value = /^\s*[[{]/.test(text) && !/\d{16}/.test(text) ? parseJson(text) : undefined;
  if (value === undefined) return { type: isError ? "error-text" : "text", value: text };
  const result = parseToolResult(value);
  if (result !== undefined) return toToolOutput({ ...result, isError: isError || result.isError }, images);
  return { type: isError ? "error-json" : "json", value };
}

function parseJson(text: string): ModelJson | undefined {
  try {
    // JSON text only holds values of JSON.
    return JSON.parse(text) as ModelJson;
  } catch {
    return undefined;
  }
}
