import type { ContentPart, PartSource } from "@ag-ui/core";
import type { Content } from "@agentscope-runtime/protocol";

/** A part of a user's message as AG-UI has it; undefined where it has none. */
export function toContentPart(part: Content): ContentPart | undefined {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text ?? "" };
    case "image":
      return media("image", sourceOf(part.image_url));
    case "video":
      return media("video", sourceOf(part.video_url));
    case "audio":
      return media("audio", audioSource(part.data, part.format));
    case "file":
      return media("document", fileSource(part.file_id) ?? sourceOf(part.file_url ?? part.file_data), part.filename);
    case "data":
    case "refusal":
      return undefined;
  }
}

function media(
  type: Exclude<ContentPart["type"], "text">,
  source: PartSource | undefined,
  filename: string | null = null,
): ContentPart | undefined {
  return source && { type, source, ...(filename === null ? {} : { metadata: { filename } }) };
}

function sourceOf(url: string | null): PartSource | undefined {
  if (url === null) return undefined;
  const [, mimeType, value] = /^data:([^;,]*);base64,(.*)$/s.exec(url) ?? [];
  if (mimeType !== undefined && value !== undefined) return { type: "data", value, mimeType };
  return { type: "url", value: url };
}

function audioSource(data: string | null, format: string | null): PartSource | undefined {
  if (data === null || /^(?:data|https?):/.test(data)) return sourceOf(data);
  return { type: "data", value: data, mimeType: `audio/${format ?? "wav"}` };
}

function fileSource(id: string | null): PartSource | undefined {
  return id === null ? undefined : { type: "file", value: id };
}
