import { audioFormat } from "@agentscope-runtime/core/adapter";
import type { ContentInput } from "@agentscope-runtime/protocol";
import type { AgentScopeDataBlock, AgentScopeSource, AgentScopeTextBlock } from "./agentscope-message.ts";
import type { BlockHint } from "./carried.ts";

/** A block as the part that it was, or as what it looks like. */
export function fromBlock(block: AgentScopeTextBlock | AgentScopeDataBlock, hint: BlockHint = {}): ContentInput {
  return block.type === "text" ? fromText(block.text, hint) : fromData(block, hint);
}

function fromText(text: string, hint: BlockHint): ContentInput {
  if (hint["type"] === "refusal") return { type: "refusal", refusal: text };
  const data = hint["type"] === "data" ? parsedObject(text) : undefined;
  return data === undefined ? { type: "text", text } : { type: "data", data };
}

/** Undefined where the framework, or a summary, has changed the text. */
function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined; // JSON's objects are that.
  } catch {
    return undefined;
  }
}

/** Something that an agent has made or was shown. */
export function fromData(
  { source, name }: Pick<AgentScopeDataBlock, "source" | "name">,
  hint: BlockHint = {},
): ContentInput {
  const url = addressOf(source, hint["bare"] === true);
  const { mediaType } = source;
  switch (hint["type"] ?? mediaType.replace(/\/.*$/, "")) {
    case "image":
      return { type: "image", image_url: url };
    case "audio": {
      const format = hint["format"] === undefined ? audioFormat(mediaType) : textOrNull(hint["format"]);
      return { type: "audio", data: url, format };
    }
    case "video":
      return { type: "video", video_url: url };
    default: {
      const field = hint["field"] ?? (source.type === "url" ? "file_url" : "file_data");
      const filename = hint["filename"] === undefined ? (name ?? null) : textOrNull(hint["filename"]);
      const other = typeof hint["file_name"] === "string" ? { file_name: hint["file_name"] } : {};
      const fileId = textOrNull(hint["file_id"]);
      return field === "file_url"
        ? { type: "file", file_url: url, filename, file_id: fileId, ...other }
        : { type: "file", file_data: url, filename, file_id: fileId, ...other };
    }
  }
}

function addressOf(source: AgentScopeSource, bare: boolean): string {
  if (source.type === "url") return source.url;
  return bare ? source.data : `data:${source.mediaType};base64,${source.data}`;
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
