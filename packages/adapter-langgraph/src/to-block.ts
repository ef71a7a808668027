import { mediaTypeOfName, unfit } from "@agentscope-runtime/core/adapter";
import type { PartPlace } from "@agentscope-runtime/core/adapter";
import type { Content, ContentOf } from "@agentscope-runtime/protocol";
import type { ContentBlock } from "@langchain/core/messages";
import { customDataType } from "./custom-data-type.ts";
import { parseDataUrl } from "./data-url.ts";

/**
 * A part as a content block, in the form that most of LangChain's integrations read; undefined when it says nothing. Throws
 * `invalid_argument` when nothing says where the bytes of a file are.
 */
export function toBlock(part: Content, place: PartPlace): ContentBlock | undefined {
  switch (part.type) {
    case "text":
      return textBlock(part.text);
    case "refusal":
      return textBlock(part.refusal);
    case "data":
      // What an agent's graph has written for the client is nothing for a model.
      return part.data === null || part.data["type"] === customDataType
        ? undefined
        : textBlock(JSON.stringify(part.data));
    case "image":
      return { type: "image_url", image_url: { url: urlOf(part.image_url, place) } };
    case "video":
      return videoBlock(part, place);
    case "audio":
      return dataBlock("audio", bytesOrUrl(part.data, mediaTypeOfAudio(part.format), place));
    case "file":
      return fileBlock(part, place);
  }
}

/** The media type of audio in a format such as `wav`: LangChain's integrations know `audio/mp3`, and not `audio/mpeg`. */
function mediaTypeOfAudio(format: string | null): string {
  if (format === null) return "audio/wav";
  return format.includes("/") ? format : `audio/${format}`;
}

function textBlock(text: string | null): ContentBlock | undefined {
  return text === null || text === "" ? undefined : { type: "text", text };
}

function videoBlock({ video_url: video }: ContentOf<"video">, place: PartPlace): ContentBlock {
  const url = urlOf(video, place);
  const inline = parseDataUrl(url);
  return inline === undefined
    ? { type: "video", url }
    : { type: "video", mimeType: inline.mediaType, data: inline.data };
}

function fileBlock(part: ContentOf<"file">, place: PartPlace): ContentBlock {
  const filename = part.filename ?? part.file_name ?? undefined;
  const mediaType = (filename === undefined ? undefined : mediaTypeOfName(filename)) ?? "application/octet-stream";
  const { file_data: data, file_url: url, file_id: id } = part;
  const bytes: Bytes =
    data === null && url === null && id !== null
      ? { source_type: "id", id }
      : bytesOrUrl(data ?? url, mediaType, place);
  const block = dataBlock("file", bytes);
  return filename === undefined ? block : { ...block, metadata: { filename } };
}

type Bytes =
  | { readonly source_type: "base64"; readonly mime_type: string; readonly data: string }
  | { readonly source_type: "url"; readonly mime_type: string; readonly url: string }
  | { readonly source_type: "id"; readonly id: string };

function dataBlock(type: "audio" | "file", bytes: Bytes): ContentBlock {
  return { type, ...bytes };
}

/** Base64 has no colon, every URL has one. */
function bytesOrUrl(text: string | null, mediaType: string, place: PartPlace): Bytes {
  if (text !== null && text !== "" && !text.includes(":")) {
    return { source_type: "base64", mime_type: mediaType, data: text };
  }
  const url = urlOf(text, place);
  const inline = parseDataUrl(url);
  if (inline === undefined) return { source_type: "url", mime_type: mediaType, url };
  return {
    source_type: "base64",
    mime_type: inline.mediaType === "" ? mediaType : inline.mediaType,
    data: inline.data,
  };
}

function urlOf(url: string | null, place: PartPlace): string {
  if (url === null || url === "") throw unfit(place, "nothing says where the bytes are");
  if (!URL.canParse(url)) throw unfit(place, "this is neither a URL nor a data: URL");
  return url;
}
