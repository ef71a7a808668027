import {
  bareContent,
  mediaTypeOfAudio,
  mediaTypeOfName,
  mediaTypeOfUrl,
  sourceDataType,
  unfit,
} from "@agentscope-runtime/core/adapter";
import type { PartPlace } from "@agentscope-runtime/core/adapter";
import type { Content, ContentOf } from "@agentscope-runtime/protocol";
import type { MastraDataPart, MastraFilePart, MastraTextPart } from "./mastra-message.ts";
import { withNote } from "./runtime-note.ts";
import type { MessageNote } from "./runtime-note.ts";

type SpokenPart = MastraTextPart | MastraFilePart | MastraDataPart;

const anyFile = "application/octet-stream";

/** The parts of a user's or an agent's message. Empty texts are left out. */
export function toMastraParts(content: readonly Content[], note: MessageNote, index: number): SpokenPart[] {
  return content.flatMap((part) => {
    const made = toMastraPart(part, note, { index, kind: part.type });
    return made === undefined ? [] : [made];
  });
}

function toMastraPart(part: Content, note: MessageNote, place: PartPlace): SpokenPart | undefined {
  switch (part.type) {
    case "text":
      return part.text ? textPart(part.text, note) : undefined;
    case "refusal":
      return part.refusal ? textPart(part.refusal, { ...note, rest: { type: "refusal" } }) : undefined;
    case "data":
      return part.data === null ? undefined : dataPart(part.data, note);
    case "image":
      return filePart({ part, field: "image_url", mimeType: "image/*" }, note, place);
    case "video":
      return filePart({ part, field: "video_url", mimeType: "video/*" }, note, place);
    case "audio": {
      const mimeType = part.format === null ? "audio/*" : mediaTypeOfAudio(part.format);
      return filePart({ part, field: "data", mimeType }, note, place);
    }
    case "file":
      return namedFile(part, note, place);
  }
}

function textPart(text: string, note: MessageNote): MastraTextPart {
  return { type: "text", text, providerMetadata: withNote({ note }) };
}

/** What a tool has told the client itself, and sources, are no words: the model is not shown them. */
function dataPart(data: Readonly<Record<string, unknown>>, note: MessageNote): SpokenPart {
  const { type } = data;
  const providerMetadata = withNote({ note: { ...note, rest: { type: "data" } } });
  if (typeof type === "string" && type.startsWith("data-"))
    return { type: `data-${type.slice(5)}`, data, providerMetadata };
  if (type === sourceDataType || type === "suspended") return { type: `data-${type}`, data, providerMetadata };
  return { type: "text", text: JSON.stringify(data), providerMetadata };
}

function namedFile(part: ContentOf<"file">, note: MessageNote, place: PartPlace): MastraFilePart {
  const filename = part.filename ?? part.file_name ?? undefined;
  const mimeType = filename === undefined ? anyFile : (mediaTypeOfName(filename) ?? anyFile);
  if (part.file_data === null && part.file_url === null && part.file_id !== null) {
    throw unfit(place, "a file_id cannot be read here, send file_data or file_url");
  }
  const field = part.file_data === null ? "file_url" : "file_data";
  const file = filePart({ part, field, mimeType }, note, place);
  return filename === undefined ? file : { ...file, filename };
}

interface FileSource {
  readonly part: ContentOf<"image" | "video" | "audio" | "file">;
  /** Where the bytes or the URL stand. */
  readonly field: string;
  readonly mimeType: string;
}

function filePart({ part, field, mimeType }: FileSource, note: MessageNote, place: PartPlace): MastraFilePart {
  const { [field]: value, ...others } = bareContent(part);
  if (typeof value !== "string" || value === "") throw unfit(place, "nothing says where the bytes are");
  // Base64 has no colon, every URL has one.
  const bare = !value.includes(":") && part.type !== "image" && part.type !== "video";
  if (!bare && !URL.canParse(value)) throw unfit(place, "this is neither a URL nor a data: URL");
  const data = bare ? `data:${mimeType};base64,${value}` : value;
  const providerMetadata = withNote({ note: { ...note, rest: others, field, ...(bare && { bare }) } });
  return { type: "file", mimeType: mediaTypeOf(data, mimeType), data, providerMetadata };
}

function mediaTypeOf(url: string, mimeType: string): string {
  const [, inline] = /^data:([^;,]+)/i.exec(url) ?? [];
  return inline ?? mediaTypeOfUrl(url, mimeType);
}

/** A message that can only be text. */
export function toMastraText(content: readonly Content[], index: number): string {
  const texts = content.map((part) => {
    switch (part.type) {
      case "text":
        return part.text ?? "";
      case "refusal":
        return part.refusal ?? "";
      case "data":
        return part.data === null ? "" : JSON.stringify(part.data);
      case "image":
      case "audio":
      case "video":
      case "file":
        throw unfit({ index, kind: part.type }, "this message can only hold text");
    }
  });
  return texts.filter((text) => text !== "").join("\n");
}
