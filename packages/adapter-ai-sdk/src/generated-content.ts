import type { ContentInput } from "@agentscope-runtime/protocol";
import type { AiSdkFile, AiSdkSource } from "./ai-sdk-part.ts";
import { audioFormat } from "./media-type.ts";

/** A generated file as a part of a message; its bytes travel as a `data:` URL. */
export function fileContent({ base64, mediaType }: AiSdkFile): ContentInput {
  const url = `data:${mediaType};base64,${base64}`;
  switch (mediaType.replace(/\/.*$/, "")) {
    case "image":
      return { type: "image", image_url: url };
    case "audio":
      return { type: "audio", data: url, format: audioFormat(mediaType) };
    case "video":
      return { type: "video", video_url: url };
    default:
      return { type: "file", file_data: url };
  }
}

/** The `type` inside the `data` part that carries a source. */
export const sourceDataType = "source";

/** A source as a `data` part: `{ type: "source", source_type, id, url | media_type, title, filename }`. */
export function sourceContent(source: AiSdkSource): ContentInput {
  const { id, title } = source;
  const where =
    source.sourceType === "url"
      ? { url: source.url }
      : { media_type: source.mediaType, ...(source.filename === undefined ? {} : { filename: source.filename }) };
  return {
    type: "data",
    data: {
      type: sourceDataType,
      source_type: source.sourceType,
      id,
      ...(title === undefined ? {} : { title }),
      ...where,
    },
  };
}
