import { parseToolResult, resultText } from "@agentscope-runtime/tools";
import type { ToolContent, ToolResult } from "@agentscope-runtime/tools";
import type { AgentFunctionCallResultItem, AgentToolContent } from "./agent-item.ts";
import { asText } from "./as-text.ts";
import { fromUserContent } from "./from-user-content.ts";
import { dataUrl, readDataUrl } from "./data-url.ts";

type Output = AgentFunctionCallResultItem["output"];

/** What a tool answered, from the text that our messages keep of it: images and files as such, everything else as text. */
export function toItemOutput(text: string): Output {
  const result = resultIn(text);
  if (result === undefined) return { type: "text", text };
  const isText = result.isError || result.content.every(({ type }) => type === "text" || type === "data");
  return isText ? { type: "text", text: resultText(result) } : result.content.map(toPart);
}

function toPart(content: ToolContent): AgentToolContent {
  switch (content.type) {
    case "text":
      return { type: "input_text", text: content.text };
    case "data":
      return { type: "input_text", text: JSON.stringify(content.data) };
    case "image":
      return { type: "input_image", image: dataUrl(content.mediaType, content.data) };
    case "file": {
      const { data, mediaType, filename } = content;
      return { type: "input_file", file: dataUrl(mediaType, data), ...(filename !== undefined && { filename }) };
    }
  }
}

/** The text that our messages keep of an item's output. */
export function fromItemOutput(output: unknown): string {
  const value = outputValue(output);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** An item's output: a text, or a result where it has images or files. */
export function outputValue(output: unknown): string | ToolResult {
  if (typeof output === "string") return output;
  const parts = Array.isArray(output) ? output : [output];
  const texts = parts.flatMap((part: unknown) => textIn(part) ?? []);
  if (texts.length === parts.length) return texts.join("\n");
  return { content: parts.map(toContent), isError: false };
}

function textIn(part: unknown): string | undefined {
  const [content] = fromUserContent(part);
  return content?.type === "text" && typeof content["text"] === "string" ? content["text"] : undefined;
}

function toContent(part: unknown): ToolContent {
  const [content] = fromUserContent(part);
  if (content?.type === "text") return { type: "text", text: asText(content["text"]) };
  const bytes = content === undefined ? undefined : readDataUrl(asText(content["image_url"] ?? content["file_data"]));
  if (content === undefined || bytes === undefined) return { type: "data", data: part };
  const { mediaType, base64: data } = bytes;
  if (content.type === "image") return { type: "image", data, mediaType };
  const filename = content["filename"];
  return { type: "file", data, mediaType, ...(typeof filename === "string" && { filename }) };
}

function resultIn(text: string): ToolResult | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return parseToolResult(JSON.parse(text));
  } catch {
    return undefined;
  }
}
