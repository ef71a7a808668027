import type { Content } from "@agentscope-runtime/protocol";
import { unreachable } from "@agentscope-runtime/protocol";
import type { A2aPart } from "./task.ts";

/** Content of ours as a part; undefined when there is nothing in it. */
export function toPart(content: Content): A2aPart | undefined {
  switch (content.type) {
    case "text":
      return content.text === null ? undefined : { text: content.text };
    case "refusal":
      return content.refusal === null ? undefined : { text: content.refusal, metadata: { refusal: true } };
    case "data":
      return content.data === null ? undefined : { data: content.data };
    case "image":
      return filePart(content.image_url, {});
    case "video":
      return filePart(content.video_url, {});
    case "audio":
      return bytesPart(content.data, content.format === null ? {} : { mediaType: `audio/${content.format}` });
    case "file": {
      const filename = content.filename ?? content.file_name ?? undefined;
      const named = filename === undefined ? {} : { filename };
      const part = filePart(content.file_url, named) ?? bytesPart(content.file_data, named);
      return part ?? (content.file_id === null ? undefined : { data: { file_id: content.file_id, ...named } });
    }
    default:
      return unreachable(content);
  }
}

type FileFields = Pick<A2aPart, "mediaType" | "filename">;

/** A `data:` URL as bytes, everything else as a URL. */
function filePart(url: string | null, fields: FileFields): A2aPart | undefined {
  if (url === null) return undefined;
  const [, mediaType = "", raw = ""] = /^data:([^;,]*)(?:;[^;,]*)*;base64,(.*)$/s.exec(url) ?? [];
  if (!isBase64(raw)) return { url, ...fields };
  return { raw, ...(mediaType === "" ? {} : { mediaType }), ...fields };
}

/** The same, where base64 may also stand alone. */
function bytesPart(data: string | null, fields: FileFields): A2aPart | undefined {
  return data !== null && isBase64(data) ? { raw: data, ...fields } : filePart(data, fields);
}

function isBase64(text: string): boolean {
  return text !== "" && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
