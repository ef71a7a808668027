import { mediaTypeOfAudio, mediaTypeOfName, mediaTypeOfUrl, unfit } from "@agentscope-runtime/core/adapter";
import type { PartPlace } from "@agentscope-runtime/core/adapter";
import { unreachable } from "@agentscope-runtime/protocol";
import type { Content, ContentOf } from "@agentscope-runtime/protocol";
import type { AgentScopeDataBlock, AgentScopeSource, AgentScopeTextBlock } from "./agentscope-message.ts";
import type { BlockHint } from "./carried.ts";

/** A part as a block, and what the block cannot say about it. */
export interface HintedBlock {
  readonly block: AgentScopeTextBlock | AgentScopeDataBlock;
  readonly hint: BlockHint;
}

type FileContent = ContentOf<"image" | "audio" | "video" | "file">;

const anyFile = "application/octet-stream";

/** Undefined for a part that says nothing. `invalid_argument` for a file that cannot be found. */
export function toBlock(part: Content, id: string, index: number): HintedBlock | undefined {
  switch (part.type) {
    case "text":
      return textBlock(part.text ?? "", id, {});
    case "refusal":
      return textBlock(part.refusal ?? "", id, { type: "refusal" });
    case "data":
      return part.data === null ? undefined : textBlock(JSON.stringify(part.data), id, { type: "data" });
    case "image":
    case "audio":
    case "video":
    case "file":
      return fileBlock(part, id, { index, kind: part.type });
    default:
      return unreachable(part);
  }
}

function textBlock(text: string, id: string, hint: BlockHint): HintedBlock | undefined {
  return text === "" ? undefined : { block: { type: "text", id, text }, hint };
}

function fileBlock(part: FileContent, id: string, place: PartPlace): HintedBlock {
  switch (part.type) {
    case "image":
      return hinted(sourceOf(part.image_url, "image/*", place), { type: "image" }, { id });
    case "video":
      return hinted(sourceOf(part.video_url, "video/*", place), { type: "video" }, { id });
    case "audio": {
      const mediaType = part.format === null ? "audio/*" : mediaTypeOfAudio(part.format);
      return hinted(sourceOf(part.data, mediaType, place), { type: "audio", format: part.format }, { id });
    }
    case "file": {
      const { file_id: fileId, file_url: url, file_data: data, filename, file_name: otherName } = part;
      const name = filename ?? otherName ?? undefined;
      if (url === null && data === null && fileId !== null) {
        throw unfit(place, "AgentScope cannot read a file_id, send file_data or file_url");
      }
      const mediaType = name === undefined ? anyFile : (mediaTypeOfName(name) ?? anyFile);
      const hint = { type: "file", field: data === null ? "file_url" : "file_data", filename, file_id: fileId };
      const other = otherName === undefined ? {} : { file_name: otherName };
      return hinted(sourceOf(data ?? url, mediaType, place), { ...hint, ...other }, { id, name });
    }
  }
}

interface Found {
  readonly source: AgentScopeSource;
  /** It came as bare base64 and not in a URL. */
  readonly bare: boolean;
}

function hinted(
  { source, bare }: Found,
  hint: BlockHint,
  { id, name }: { id: string; name?: string | undefined },
): HintedBlock {
  return {
    block: { type: "data", id, ...(name === undefined ? {} : { name }), source },
    hint: bare ? { ...hint, bare } : hint,
  };
}

/** Base64 has no colon, every URL has one. */
function sourceOf(text: string | null, mediaType: string, place: PartPlace): Found {
  if (text === null || text === "") throw unfit(place, "nothing says where the bytes are");
  if (!text.includes(":")) return { source: { type: "base64", data: text, mediaType }, bare: true };
  if (!URL.canParse(text)) throw unfit(place, "this is neither a URL nor a data: URL");
  if (/^data:/i.test(text)) return { source: inlined(text, mediaType, place), bare: false };
  return {
    source: { type: "url", url: text, mediaType: mediaTypeOfUrl(text, mediaType) },
    bare: false,
  };
}

function inlined(url: string, mediaType: string, place: PartPlace): AgentScopeSource {
  const comma = url.indexOf(",");
  if (comma < 0) throw unfit(place, "this data: URL has no data");
  const head = url.slice("data:".length, comma);
  const body = url.slice(comma + 1);
  const base64 = /;base64\s*$/i.exec(head);
  const type = base64 === null ? head : head.slice(0, base64.index);
  return {
    type: "base64",
    data: base64 === null ? toBase64(body, place) : body,
    mediaType: type === "" ? mediaType : type,
  };
}

/** The framework's bytes are always base64. */
function toBase64(percentEncoded: string, place: PartPlace): string {
  try {
    return Buffer.from(decodeURIComponent(percentEncoded)).toString("base64");
  } catch {
    throw unfit(place, "this data: URL cannot be decoded");
  }
}
