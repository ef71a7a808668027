import type { ContentInput } from "@agentscope-runtime/protocol";
import type { MastraDataChunk, MastraFile, MastraSource } from "./mastra-chunk.ts";
import { audioFormat } from "./media-type.ts";

/** A generated file as a part of a message; its bytes travel as a `data:` URL. */
export function fileContent({ data, base64, mimeType, filename }: MastraFile): ContentInput {
  const bytes = base64 ?? (typeof data === "string" ? data : Buffer.from(data).toString("base64"));
  const url = /^[a-z]+:/i.test(bytes) ? bytes : `data:${mimeType};base64,${bytes}`;
  return contentAt(url, mimeType, filename);
}

/** A file at a URL, or in it when it is a `data:` URL, by its media type. */
export function contentAt(url: string, mimeType: string, filename?: string): ContentInput {
  switch (mimeType.replace(/\/.*$/, "")) {
    case "image":
      return { type: "image", image_url: url };
    case "audio":
      return { type: "audio", data: url, format: audioFormat(mimeType) };
    case "video":
      return { type: "video", video_url: url };
    default: {
      const name = filename === undefined ? {} : { filename };
      return url.startsWith("data:")
        ? { type: "file", file_data: url, ...name }
        : { type: "file", file_url: url, ...name };
    }
  }
}

/** The `type` inside the `data` part that carries a source. */
export const sourceDataType = "source";

/** A source as a `data` part: `{ type: "source", source_type, id, url | media_type, title, filename }`. */
export function sourceContent(source: MastraSource): ContentInput {
  const { id, sourceType, title, url, mimeType, filename } = source;
  const where = sourceType === "url" ? { url } : { media_type: mimeType, filename };
  const data = { type: sourceDataType, source_type: sourceType, id, title, ...where };
  return { type: "data", data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) };
}

/** What a tool tells the client itself, as a `data` part: `{ type: "data-…", data, id }`. */
export function customContent({ type, data, id }: MastraDataChunk): ContentInput {
  return { type: "data", data: { type, data, ...(id !== undefined && { id }) } };
}
