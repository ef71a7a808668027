import { fileContent, sourceContent } from "@agentscope-runtime/core/adapter";
import type { ContentInput } from "@agentscope-runtime/protocol";
import type { MastraDataChunk, MastraFile, MastraSource } from "./mastra-chunk.ts";

/** A generated file as a part of a message: at its URL, or with its bytes as a `data:` URL. */
export function generatedFile({ data, base64, mimeType: mediaType, filename }: MastraFile): ContentInput {
  const bytes = base64 ?? (typeof data === "string" ? data : Buffer.from(data).toString("base64"));
  const url = /^[a-z]+:/i.test(bytes) ? bytes : `data:${mediaType};base64,${bytes}`;
  return fileContent({ url, mediaType, filename });
}

/** What an answer is based on, as a part of a message. */
export function citedSource({ mimeType: mediaType, ...source }: MastraSource): ContentInput {
  return sourceContent({ ...source, mediaType });
}

/** What a tool tells the client itself, as a `data` part: `{ type: "data-…", data, id }`. */
export function customContent({ type, data, id }: MastraDataChunk): ContentInput {
  return { type: "data", data: { type, data, ...(id !== undefined && { id }) } };
}
