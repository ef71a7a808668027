import type { ContentPart } from "@ag-ui/core";
import type { ContentInput } from "@agentscope-runtime/protocol";
import { isObject } from "./is-object.ts";

type MediaPart = Exclude<ContentPart, { type: "text" }>;

/** A part of a user's or a tool's message as a part of ours. */
export function fromContentPart(part: ContentPart): ContentInput {
  if (part.type === "text") return { type: "text", text: part.text };
  if (part.source.type === "file") {
    return { type: "file", file_id: part.source.value, filename: filenameOf(part) };
  }
  const url = urlOf(part.source);
  switch (part.type) {
    case "image":
      return { type: "image", image_url: url };
    case "video":
      return { type: "video", video_url: url };
    case "audio":
      return { type: "audio", data: url, format: formatOf(part.source.mimeType) };
    case "document":
      return part.source.type === "url"
        ? { type: "file", file_url: url, filename: filenameOf(part) }
        : { type: "file", file_data: url, filename: filenameOf(part) };
  }
}

function urlOf(source: Exclude<MediaPart["source"], { type: "file" }>): string {
  return source.type === "url" ? source.value : `data:${source.mimeType};base64,${source.value}`;
}

/** `wav` of `audio/x-wav; rate=16000`. */
function formatOf(mimeType: string | undefined): string | null {
  return /^audio\/(?:x-)?([\w.+-]+)/.exec(mimeType ?? "")?.[1] ?? null;
}

function filenameOf({ metadata }: MediaPart): string | null {
  const filename: unknown = isObject(metadata) ? metadata["filename"] : undefined;
  return typeof filename === "string" ? filename : null;
}
