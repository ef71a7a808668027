import { unreachable } from "@agentscope-runtime/protocol";
import type { Content, ContentOf } from "@agentscope-runtime/protocol";
import type { McpContent } from "@agentscope-runtime/tools";
import { bytesOf } from "./base64.ts";

/** A part of what an agent says. Bytes travel with it; what is elsewhere becomes a link; nothing is dropped. */
export function toContent(part: Content): McpContent {
  switch (part.type) {
    case "text":
      return text(part.text ?? "");
    case "refusal":
      return text(part.refusal ?? "");
    case "data":
      return text(JSON.stringify(part.data));
    case "image":
      return media("image", part.image_url ?? "", "image/png");
    case "audio":
      return media("audio", part.data ?? "", `audio/${part.format ?? "wav"}`);
    case "video":
      return resource(part.video_url ?? "", "video/mp4", "video");
    case "file":
      return toFile(part);
    default:
      return unreachable(part);
  }
}

function text(said: string): McpContent {
  return { type: "text", text: said };
}

function media(type: "image" | "audio", source: string, mimeType: string): McpContent {
  const bytes = source === "" ? undefined : bytesOf(source, mimeType);
  return bytes?.mimeType.startsWith(`${type}/`) === true ? { type, ...bytes } : resource(source, mimeType, type);
}

function toFile({ file_url, file_id, file_data, filename, file_name }: ContentOf<"file">): McpContent {
  const name = filename ?? file_name ?? "file";
  if (file_id !== null) return { type: "resource_link", uri: `urn:file:${encodeURIComponent(file_id)}`, name };
  return resource(file_data ?? file_url ?? "", "application/octet-stream", name);
}

function resource(source: string, mimeType: string, name: string): McpContent {
  const isUrl = /^(?!data:)[a-z][a-z0-9+.-]*:/i.test(source);
  const bytes = isUrl || source === "" ? undefined : bytesOf(source, mimeType);
  if (bytes !== undefined) {
    const uri = `attachment:///${encodeURIComponent(name)}`;
    return { type: "resource", resource: { uri, mimeType: bytes.mimeType, blob: bytes.data } };
  }
  return URL.canParse(source) ? { type: "resource_link", uri: source, name } : text(`[${name}: ${source}]`);
}
