import { unfit } from "@agentscope-runtime/core/adapter";
import type { PartPlace } from "@agentscope-runtime/core/adapter";
import type { Content, ContentOf } from "@agentscope-runtime/protocol";
import type { AgentInputFile, AgentUserContent } from "./agent-item.ts";
import { dataUrl, isUrl, readDataUrl } from "./data-url.ts";

/** A part of what a user says; none for a part that says nothing. */
export function toUserContent(part: Content, index: number): AgentUserContent[] {
  const place = { index, kind: part.type };
  switch (part.type) {
    case "text":
      return inputText(part.text);
    case "refusal":
      return inputText(part.refusal);
    case "data":
      return inputText(part.data === null ? null : JSON.stringify(part.data));
    case "image":
      return [{ type: "input_image", image: addressIn(part.image_url, place) }];
    case "audio":
      return [audio(part, place)];
    case "video":
      // The SDK has no video; a model that takes one takes it as a file.
      return [{ type: "input_file", file: fileOf(addressIn(part.video_url, place)) }];
    case "file":
      return [namedFile(part, place)];
  }
}

function inputText(text: string | null): AgentUserContent[] {
  return text === null || text === "" ? [] : [{ type: "input_text", text }];
}

function audio({ data, format }: ContentOf<"audio">, place: PartPlace): AgentUserContent {
  if (data === null || data === "") throw unfit(place, "nothing says where the bytes are");
  if (!isUrl(data)) return { type: "audio", audio: data, ...(format !== null && { format }) };
  const inline = readDataUrl(data);
  if (inline === undefined) return { type: "input_file", file: fileOf(data) };
  return { type: "audio", audio: inline.base64, format: format ?? inline.mediaType.replace(/^audio\//, "") };
}

function namedFile(part: ContentOf<"file">, place: PartPlace): AgentInputFile {
  const filename = part.filename ?? part.file_name ?? undefined;
  return { type: "input_file", file: bytesOf(part, place), ...(filename !== undefined && { filename }) };
}

function bytesOf(part: ContentOf<"file">, place: PartPlace): NonNullable<AgentInputFile["file"]> {
  const { file_data: data, file_url: url, file_id: id } = part;
  if (data !== null && data !== "") return isUrl(data) ? data : dataUrl("application/octet-stream", data);
  if (url === null && id !== null) return { id };
  return fileOf(addressIn(url, place));
}

function fileOf(url: string): NonNullable<AgentInputFile["file"]> {
  return /^data:/i.test(url) ? url : { url };
}

function addressIn(url: string | null, place: PartPlace): string {
  if (url === null || url === "") throw unfit(place, "nothing says where the bytes are");
  if (!URL.canParse(url)) throw unfit(place, "this is neither a URL nor a data: URL");
  return url;
}
