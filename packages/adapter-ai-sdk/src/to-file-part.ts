import { mediaTypeOfAudio, mediaTypeOfName, mediaTypeOfUrl, unfit } from "@agentscope-runtime/core/adapter";
import type { PartPlace } from "@agentscope-runtime/core/adapter";
import type { ContentOf } from "@agentscope-runtime/protocol";
import type { ModelFilePart, ModelFileReference } from "./model-message.ts";

export type FileContent = ContentOf<"image" | "audio" | "video" | "file">;

export interface FilePlace extends PartPlace {
  /** Whose ids `file_id` holds; without it a `file_id` is an error. */
  readonly fileProvider: string | undefined;
}

const anyFile = "application/octet-stream";

/** Bytes, a URL or a provider's id as the SDK's file part. Throws `invalid_argument` when the part has none of them. */
export function toFilePart(part: FileContent, place: FilePlace): ModelFilePart<ModelFileReference> {
  switch (part.type) {
    case "image":
      return fileAt(part.image_url, "image/*", place);
    case "video":
      return fileAt(part.video_url, "video/*", place);
    case "audio":
      return bytesOrUrl(part.data, part.format === null ? "audio/*" : mediaTypeOfAudio(part.format), place);
    case "file":
      return namedFile(part, place);
  }
}

function namedFile(part: ContentOf<"file">, place: FilePlace): ModelFilePart<ModelFileReference> {
  const filename = part.filename ?? part.file_name ?? undefined;
  const mediaType = filename === undefined ? anyFile : (mediaTypeOfName(filename) ?? anyFile);
  const { file_data: data, file_url: url, file_id: id } = part;
  const file =
    data === null && url === null && id !== null
      ? fileOfProvider(id, mediaType, place)
      : bytesOrUrl(data ?? url, mediaType, place);
  return filename === undefined ? file : { ...file, filename };
}

function fileOfProvider(
  id: string,
  mediaType: string,
  { fileProvider, ...place }: FilePlace,
): ModelFilePart<ModelFileReference> {
  if (fileProvider === undefined) throw unfit(place, "a file_id cannot be read here, send file_data or file_url");
  return { type: "file", data: { [fileProvider]: id }, mediaType };
}

/** Base64 has no colon, every URL has one. */
function bytesOrUrl(text: string | null, mediaType: string, place: PartPlace): ModelFilePart {
  if (text === null || text === "" || text.includes(":")) return fileAt(text, mediaType, place);
  return { type: "file", data: text, mediaType };
}

/** A file at a URL, or in it when it is a `data:` URL. */
function fileAt(url: string | null, mediaType: string, place: PartPlace): ModelFilePart {
  if (url === null || url === "") throw unfit(place, "nothing says where the bytes are");
  if (!URL.canParse(url)) throw unfit(place, "this is neither a URL nor a data: URL");
  if (/^data:/i.test(url)) return inlineFile(url, mediaType, place);
  return { type: "file", data: url, mediaType: mediaTypeOfUrl(url, mediaType) };
}

function inlineFile(url: string, mediaType: string, place: PartPlace): ModelFilePart {
  const comma = url.indexOf(",");
  if (comma < 0) throw unfit(place, "this data: URL has no data");
  const [type = "", ...attributes] = url.slice("data:".length, comma).split(";");
  const body = url.slice(comma + 1);
  const data = attributes.at(-1)?.trim().toLowerCase() === "base64" ? body : toBase64(body, place);
  return { type: "file", data, mediaType: type === "" ? mediaType : type };
}

/** The SDK reads base64 only. */
function toBase64(percentEncoded: string, place: PartPlace): string {
  try {
    return Buffer.from(decodeURIComponent(percentEncoded)).toString("base64");
  } catch {
    throw unfit(place, "this data: URL cannot be decoded");
  }
}
