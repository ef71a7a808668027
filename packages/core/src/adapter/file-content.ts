import type { ContentInput } from "@agentscope-runtime/protocol";
import { audioFormat } from "./media-type.ts";

export interface FileSource {
  /** Where it is, or, as a `data:` URL, what it is. */
  readonly url: string;
  readonly mediaType: string;
  readonly filename?: string | undefined;
}

/** A file as a part of a message, of the kind that its media type says. */
export function fileContent({ url, mediaType, filename }: FileSource): ContentInput {
  switch (mediaType.replace(/\/.*$/, "")) {
    case "image":
      return { type: "image", image_url: url };
    case "audio":
      return { type: "audio", data: url, format: audioFormat(mediaType) };
    case "video":
      return { type: "video", video_url: url };
    default: {
      const named = filename === undefined ? {} : { filename };
      return /^data:/i.test(url)
        ? { type: "file", file_data: url, ...named }
        : { type: "file", file_url: url, ...named };
    }
  }
}
