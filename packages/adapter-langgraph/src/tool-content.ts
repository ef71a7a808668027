import { isObject } from "@agentscope-runtime/core/adapter";
import { parseToolResult, resultText } from "@agentscope-runtime/tools";
import type { ToolContent, ToolResult } from "@agentscope-runtime/tools";
import type { ContentBlock } from "@langchain/core/messages";
import { parseDataUrl } from "./data-url.ts";
import { fromBlock } from "./from-block.ts";
import type { Block } from "./from-block.ts";
import { parseJson } from "./json.ts";

export interface ResultImages {
  /**
   * Whether the model's provider takes images in the results of tools. Chat completions do not: there they are only named.
   * Default true.
   */
  readonly imagesInResults?: boolean;
}

/** A tool's result as the content of a ToolMessage: text, or blocks when there are images. Files are named, data is JSON text. */
export function toToolContent(
  result: ToolResult,
  { imagesInResults = true }: ResultImages = {},
): string | ContentBlock[] {
  if (!imagesInResults || result.content.every(({ type }) => type !== "image")) return resultText(result);
  return result.content.map((content): ContentBlock => {
    if (content.type === "image") {
      return { type: "image_url", image_url: { url: `data:${content.mediaType};base64,${content.data}` } };
    }
    return { type: "text", text: resultText({ content: [content], isError: false }) };
  });
}

/** The output of a call, as history has it, as the content of a ToolMessage. */
export function outputContent(output: string, images: ResultImages): string | ContentBlock[] {
  const result = /^\s*\{/.test(output) ? parseToolResult(parseJson(output)) : undefined;
  return result === undefined ? output : toToolContent(result, images);
}

/** What a ToolMessage says: text where it is nothing but text, else a result with its images and files. */
export function fromToolContent(content: unknown, isError: boolean): string | ToolResult {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  const parts = content.filter(isObject).flatMap(toToolContents);
  const [only] = parts;
  if (parts.length === 0) return "";
  return parts.length === 1 && only?.type === "text" ? only.text : { content: parts, isError };
}

function toToolContents(block: Block): ToolContent[] {
  const part = fromBlock(block);
  switch (part?.type) {
    case undefined:
      return [];
    case "text":
      return [{ type: "text", text: String(part["text"]) }];
    case "image": {
      const inline = parseDataUrl(String(part["image_url"]));
      if (inline !== undefined) return [{ type: "image", data: inline.data, mediaType: inline.mediaType }];
      return [{ type: "data", data: block }];
    }
    case "file": {
      const inline = typeof part["file_data"] === "string" ? parseDataUrl(part["file_data"]) : undefined;
      if (inline === undefined) return [{ type: "data", data: block }];
      const { filename } = part;
      return [{ type: "file", ...inline, ...(typeof filename === "string" && { filename }) }];
    }
    case "data":
      return [{ type: "data", data: part["data"] }];
    default:
      return [{ type: "data", data: block }];
  }
}
