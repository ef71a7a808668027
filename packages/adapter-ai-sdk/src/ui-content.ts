import { audioFormat, isObject, sourceContent, sourceDataType } from "@agentscope-runtime/core/adapter";
import type { BareContent } from "@agentscope-runtime/core/adapter";
import type { Content, ContentOf } from "@agentscope-runtime/protocol";
import { toFilePart } from "./to-file-part.ts";
import type { FileContent } from "./to-file-part.ts";
import type { AnyUIPart } from "./ui-input.ts";
import type { UIFilePart, UIPart } from "./ui-message.ts";

/** Any JSON object of ours in the SDK's messages. */
const jsonPart = "data-json";

/** A part of a message as the SDK's; undefined for a file that nobody could show. */
export function toUIPart(content: Content, fileProvider: string | undefined): UIPart | undefined {
  switch (content.type) {
    case "text":
      return { type: "text", text: content.text ?? "" };
    case "refusal":
      return { type: "text", text: content.refusal ?? "" };
    case "data":
      return toUIData(content.data ?? {});
    case "image":
    case "audio":
    case "video":
    case "file":
      return toUIFile(content, fileProvider);
  }
}

/** What the SDK's part says in our words; undefined for parts that say nothing to anybody but the SDK. */
export function fromUIPart(part: AnyUIPart, role: string): BareContent | undefined {
  switch (part.type) {
    case "text":
    case "reasoning":
      return { type: "text", text: part.text };
    case "file":
      return fromUIFile(part, role);
    case "source-url":
      return sourceContent({ ...part, sourceType: "url", id: part.sourceId });
    case "source-document":
      return sourceContent({ ...part, sourceType: "document", id: part.sourceId });
  }
  if (!part.type.startsWith("data-")) return undefined;
  const { type, id, data } = part;
  if (type === jsonPart && isObject(data) && ownPartOf(data) === undefined) return { type: "data", data };
  return { type: "data", data: { type, ...(id !== undefined && { id }), data: data ?? null } };
}

function toUIData(data: Readonly<Record<string, unknown>>): UIPart {
  return ownPartOf(data) ?? { type: jsonPart, data };
}

/** Sources, and data that came as a data part of the SDK's, have a part of their own. */
function ownPartOf(data: Readonly<Record<string, unknown>>): UIPart | undefined {
  const { type, id } = data;
  if (typeof type === "string" && isPartOfData(type) && (id === undefined || typeof id === "string")) {
    return { type, ...(id !== undefined && { id }), data: data["data"] };
  }
  const { source_type: sourceType, url, title, media_type: mediaType, filename } = data;
  if (type !== sourceDataType || typeof id !== "string") return undefined;
  if (sourceType === "url" && typeof url === "string") {
    return { type: "source-url", sourceId: id, url, ...(typeof title === "string" && { title }) };
  }
  if (sourceType !== "document" || typeof mediaType !== "string" || typeof title !== "string") return undefined;
  const name = typeof filename === "string" && { filename };
  return { type: "source-document", sourceId: id, mediaType, title, ...name };
}

function isPartOfData(type: string): type is `data-${string}` {
  return type.startsWith("data-") && type !== "data-agentscope";
}

function toUIFile(content: FileContent, fileProvider: string | undefined): UIFilePart | undefined {
  let file: ReturnType<typeof toFilePart>;
  try {
    file = toFilePart(content, { index: 0, kind: content.type, fileProvider });
  } catch {
    return undefined;
  }
  const { data, mediaType, filename } = file;
  const named = filename === undefined ? {} : { filename };
  if (typeof data !== "string") return { type: "file", mediaType, ...named, url: "", providerReference: data };
  const place = placeOf(content) ?? "";
  const url = place.includes(":") ? place : `data:${mediaType};base64,${data}`;
  return { type: "file", mediaType, ...named, url };
}

function placeOf(content: FileContent): string | null {
  switch (content.type) {
    case "image":
      return content.image_url;
    case "audio":
      return content.data;
    case "video":
      return content.video_url;
    case "file":
      return content.file_data ?? content.file_url;
  }
}

function fromUIFile(part: AnyUIPart & { readonly type: "file" }, role: string): BareContent {
  const { url, mediaType, filename, providerReference } = part;
  const [kind] = mediaType.split("/");
  if (kind === "image") return { type: "image", image_url: url };
  if (kind === "video") return { type: "video", video_url: url };
  if (kind === "audio") return { type: "audio", data: role === "user" ? bytesOf(url) : url, ...formatOf(mediaType) };
  const [id] = url === "" ? Object.values(providerReference ?? {}) : [];
  const named = filename === undefined ? {} : { filename };
  if (id !== undefined) return { type: "file", file_id: id, ...named };
  return /^data:/i.test(url) ? { type: "file", file_data: url, ...named } : { type: "file", file_url: url, ...named };
}

/** The base64 inside of a `data:` URL; any other URL as it is. */
function bytesOf(url: string): string {
  return /^data:[^,]*;base64,(.*)$/is.exec(url)?.[1] ?? url;
}

function formatOf(mediaType: string): Partial<ContentOf<"audio">> {
  return /^audio(\/\*)?$/.test(mediaType) ? {} : { format: audioFormat(mediaType) };
}
