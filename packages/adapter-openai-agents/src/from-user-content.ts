import { isObject } from "@agentscope-runtime/core/adapter";
import type { BareContent } from "@agentscope-runtime/core/adapter";
import { dataUrl, isUrl } from "./data-url.ts";

/** A part of what a user says, or a tool answers, in our words; none for what is not known. */
export function fromUserContent(part: unknown): BareContent[] {
  if (!isObject(part)) return [];
  switch (part["type"]) {
    case "input_text":
    case "text":
      return typeof part["text"] === "string" ? [{ type: "text", text: part["text"] }] : [];
    case "input_image":
    case "image":
      return image(part["image"]);
    case "input_file":
    case "file":
      return file(part["file"], part["filename"]);
    case "audio":
      return audio(part["audio"], part["format"]);
    default:
      return [];
  }
}

function image(source: unknown): BareContent[] {
  if (typeof source === "string") return [{ type: "image", image_url: imageUrl(source) }];
  const id = idIn(source);
  return id === undefined ? [] : [{ type: "file", file_id: id }];
}

/** The SDK takes bare base64 for an image; providers guess its type, as we do. */
export function imageUrl(source: string): string {
  return isUrl(source) ? source : dataUrl("image/png", source);
}

function file(source: unknown, filename: unknown): BareContent[] {
  const named = typeof filename === "string" ? { filename } : {};
  if (typeof source === "string") {
    const isAddress = isUrl(source) && !/^data:/i.test(source);
    return [{ type: "file", ...(isAddress ? { file_url: source } : { file_data: source }), ...named }];
  }
  const id = idIn(source);
  if (id !== undefined) return [{ type: "file", file_id: id, ...named }];
  const url = isObject(source) ? source["url"] : undefined;
  return typeof url === "string" ? [{ type: "file", file_url: url, ...named }] : [];
}

function audio(source: unknown, format: unknown): BareContent[] {
  if (typeof source === "string") {
    return [{ type: "audio", data: source, ...(typeof format === "string" && { format }) }];
  }
  const id = idIn(source);
  return id === undefined ? [] : [{ type: "file", file_id: id }];
}

function idIn(source: unknown): string | undefined {
  const id = isObject(source) ? source["id"] : undefined;
  return typeof id === "string" ? id : undefined;
}
