import { resultText } from "@agentscope-runtime/tools";
import type { ToolContent, ToolResult } from "@agentscope-runtime/tools";
import type { ModelToolContent, ModelToolOutput } from "./model-message.ts";

export interface ResultImages {
  /**
   * Whether the model's provider takes images and files in the results of tools. Chat completions do not: there the SDK would
   * write their bytes as text, so they are only named. Default true.
   */
  readonly imagesInResults?: boolean;
}

/** A tool's result for the model: images and files as such, data as JSON text, a failure as a failure. */
export function toToolOutput(result: ToolResult, { imagesInResults = true }: ResultImages = {}): ModelToolOutput {
  if (result.isError) return { type: "error-text", value: resultText(result) };
  const isText = !imagesInResults || result.content.every(({ type }) => type === "text" || type === "data");
  if (isText) return { type: "text", value: resultText(result) };
  return { type: "content", value: result.content.map(toModelContent) };
}

function toModelContent(content: ToolContent): ModelToolContent {
  switch (content.type) {
    case "text":
      return { type: "text", text: content.text };
    case "data":
      return { type: "text", text: JSON.stringify(content.data) };
    case "image":
      return { type: "image-data", data: content.data, mediaType: content.mediaType };
    case "file": {
      const { data, mediaType, filename } = content;
      return { type: "file-data", data, mediaType, ...(filename !== undefined && { filename }) };
    }
  }
}
