import type { ContentInput } from "@agentscope-runtime/protocol";
import { given } from "./request-schemas.ts";
import type { PartRequest } from "./request-schemas.ts";

/** A part of a client's message as content of ours. What is no image, audio or video is a file; a media type of a URL is lost then. */
export function fromPart(part: PartRequest): ContentInput {
  if (typeof part.text === "string") return { type: "text", text: part.text };
  if ("data" in part) return { type: "data", data: isObject(part.data) ? part.data : { value: part.data } };
  const mediaType = given(part.mediaType) ?? "application/octet-stream";
  const raw = typeof part.raw === "string" ? toBase64(part.raw) : undefined;
  const url = raw === undefined ? (part.url ?? "") : `data:${mediaType};base64,${raw}`;
  const [kind = "", format = ""] = mediaType.toLowerCase().split(/[/;+]/);
  switch (kind) {
    case "image":
      return { type: "image", image_url: url };
    case "audio":
      return { type: "audio", data: raw ?? url, format };
    case "video":
      return { type: "video", video_url: url };
    default: {
      const filename = given(part.filename) ?? null;
      return raw === undefined ? { type: "file", file_url: url, filename } : { type: "file", file_data: url, filename };
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** ProtoJSON also takes the alphabet of URLs, and no padding. */
function toBase64(text: string): string {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/").replaceAll("=", "");
  return plain.padEnd(Math.ceil(plain.length / 4) * 4, "=");
}
