import { parseToolResult, resultText } from "@agentscope-runtime/tools";
import type { ToolContent, ToolResult } from "@agentscope-runtime/tools";
import type { MastraJson } from "./mastra-message.ts";

/** JSON objects and arrays as what they are, everything else as the text it is. */
export function parseOutput(text: string): unknown {
  // Digits of long numbers would be lost.
  const value = /^\s*[[{]/.test(text) && !/\d{16}/.test(text) ? parseJson(text) : undefined;
  return value ?? text;
}

/** How a value is told to a client: a string as it is, anything else as JSON. */
export function jsonText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

/** What the model is shown of a failure. */
export function failureText(output: unknown): string {
  const result = parseToolResult(output);
  return result === undefined ? jsonText(output) : resultText(result);
}

/** What the model is shown of a result, where it is one of our own tools' and holds more than text. */
export function modelOutputOf(output: unknown): MastraJson | undefined {
  const result = parseToolResult(output);
  return result === undefined ? undefined : toModelOutput(result);
}

/** A result of a tool of ours as the model is to see it: images and files as such, data as JSON text. */
export function toModelOutput(result: ToolResult): MastraJson {
  const isText = result.content.every(({ type }) => type === "text" || type === "data");
  if (isText) return { type: "text", value: resultText(result) };
  return { type: "content", value: result.content.map(toModelContent) };
}

function toModelContent(content: ToolContent): MastraJson {
  switch (content.type) {
    case "text":
      return { type: "text", text: content.text };
    case "data":
      return { type: "text", text: JSON.stringify(content.data) };
    case "image":
    case "file":
      return { type: "media", data: content.data, mediaType: content.mediaType };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
