import { audioFormat, isObject } from "@agentscope-runtime/core/adapter";
import type { BareContent } from "@agentscope-runtime/core/adapter";
import { parseDataUrl } from "./data-url.ts";

/** A content block of LangChain, of whatever generation. */
export type Block = Readonly<Record<string, unknown>>;

/** Blocks that say again what `tool_calls` says, or what only the provider reads. */
const silent = new Set([
  "tool_use",
  "tool_call",
  "tool_call_chunk",
  "input_json_delta",
  "invalid_tool_call",
  "function_call",
  "functionCall",
  "server_tool_call",
  "server_tool_call_chunk",
  "server_tool_call_result",
  "server_tool_use",
  "redacted_thinking",
  "citation",
]);

/**
 * A content block as a part of ours; undefined for text that is empty, for reasoning, and for what only the provider reads.
 * A block of a kind that is not known is a `data` part.
 */
export function fromBlock(block: Block): BareContent | undefined {
  const type = block["type"];
  switch (type) {
    case "text":
    case "text_delta":
    case "text-plain":
      return textPart(block["text"]);
    case "refusal":
      return typeof block["refusal"] === "string" ? { type: "refusal", refusal: block["refusal"] } : undefined;
    case "image_url":
      return imagePart(isObject(block["image_url"]) ? block["image_url"]["url"] : block["image_url"]);
    case "input_audio":
      return audioOf(block["input_audio"]);
    case "image":
    case "audio":
    case "video":
    case "file":
      return mediaPart(type, block);
    case "document":
      return mediaPart("file", block);
    case "non_standard":
      return isObject(block["value"]) ? { type: "data", data: block["value"] } : undefined;
    default:
      if (reasoningOf(block) !== undefined || (typeof type === "string" && silent.has(type))) return undefined;
      return { type: "data", data: block };
  }
}

/** The text of a block of reasoning; undefined for any other block. */
export function reasoningOf(block: Block): string | undefined {
  switch (block["type"]) {
    case "reasoning":
      return text(block["reasoning"]);
    case "thinking":
      return text(block["thinking"]);
    case "reasoning_content":
      return text(isObject(block["reasoningText"]) ? block["reasoningText"]["text"] : block["reasoning_content"]);
    default:
      return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textPart(value: unknown): BareContent | undefined {
  return text(value) === "" ? undefined : { type: "text", text: text(value) };
}

function imagePart(url: unknown): BareContent | undefined {
  return typeof url === "string" ? { type: "image", image_url: url } : undefined;
}

function audioOf(input: unknown): BareContent | undefined {
  if (!isObject(input)) return undefined;
  return { type: "audio", data: input["data"], format: input["format"] };
}

/** Where the bytes of a block are: base64 with its type, a URL, or an id. */
interface Source {
  readonly mediaType: string | undefined;
  readonly data?: string;
  readonly url?: string;
  readonly id?: string;
}

function mediaPart(type: "image" | "audio" | "video" | "file", block: Block): BareContent | undefined {
  const source = sourceOf(block);
  if (source === undefined) return undefined;
  const { mediaType = defaultTypes[type], data, url, id } = source;
  const location = url ?? (data === undefined ? undefined : `data:${mediaType};base64,${data}`);
  switch (type) {
    case "image":
      return location === undefined ? filePart(block, source) : { type, image_url: location };
    case "video":
      return location === undefined ? filePart(block, source) : { type, video_url: location };
    case "audio":
      if (id !== undefined) return filePart(block, source);
      return { type, data: data ?? url, format: audioFormat(mediaType) };
    case "file":
      return filePart(block, source);
  }
}

const defaultTypes = {
  image: "image/png",
  audio: "audio/wav",
  video: "video/mp4",
  file: "application/octet-stream",
} as const;

function filePart(block: Block, { mediaType = defaultTypes.file, data, url, id }: Source): BareContent {
  const metadata = isObject(block["metadata"]) ? block["metadata"] : {};
  const named = metadata["filename"] ?? metadata["name"] ?? metadata["title"] ?? block["filename"];
  return {
    type: "file",
    ...(id !== undefined && { file_id: id }),
    ...(url !== undefined && { file_url: url }),
    ...(data !== undefined && { file_data: `data:${mediaType};base64,${data}` }),
    ...(typeof named === "string" && { filename: named }),
  };
}

/** Blocks of this year, `mimeType` and `data`; of last year, `source_type`; and Anthropic's `source`. */
function sourceOf(block: Block): Source | undefined {
  if (isObject(block["source"])) return sourceOf({ ...block["source"], id: block["source"]["file_id"] });
  const given = block["mimeType"] ?? block["mime_type"] ?? block["media_type"];
  const mediaType = typeof given === "string" ? given : undefined;
  const id = block["fileId"] ?? (block["source_type"] === "id" || "file_id" in block ? block["id"] : undefined);
  if (typeof id === "string") return { mediaType, id };
  if (typeof block["url"] === "string") return sourceOfUrl(block["url"], mediaType);
  const { data } = block;
  if (typeof data === "string") return { mediaType, data };
  if (data instanceof Uint8Array) return { mediaType, data: Buffer.from(data).toString("base64") };
  return undefined;
}

function sourceOfUrl(url: string, mediaType: string | undefined): Source {
  const inline = parseDataUrl(url);
  if (inline === undefined) return { mediaType, url };
  return { mediaType: inline.mediaType === "" ? mediaType : inline.mediaType, data: inline.data };
}
