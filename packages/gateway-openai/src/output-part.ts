import { unreachable } from "@agentscope-runtime/protocol";
import type { Content, ContentOf } from "@agentscope-runtime/protocol";

/** One part of a message, as both OpenAI's client and the Open Responses schema know it. */
export type OutputPart =
  | {
      readonly type: "output_text";
      readonly text: string;
      readonly annotations: readonly [];
      readonly logprobs: readonly [];
    }
  | { readonly type: "refusal"; readonly refusal: string }
  | { readonly type: "input_image"; readonly image_url: string; readonly detail: "auto" }
  | { readonly type: "input_file"; readonly filename?: string; readonly file_url?: string; readonly file_id?: string };

/** A part of a message. What the protocol has no part for, such as audio, becomes a file that holds it. */
export function toOutputPart(content: Content): OutputPart {
  switch (content.type) {
    case "text":
      return outputText(content.text ?? "");
    case "refusal":
      return { type: "refusal", refusal: content.refusal ?? "" };
    case "image":
      return { type: "input_image", image_url: content.image_url ?? "", detail: "auto" };
    case "file":
      return toFile(content);
    case "audio":
      return { type: "input_file", file_url: toUrl(content.data ?? "", `audio/${content.format ?? "wav"}`) };
    case "video":
      return { type: "input_file", file_url: content.video_url ?? "" };
    case "data": {
      const json = JSON.stringify(content.data);
      return { type: "input_file", filename: "data.json", file_url: toUrl(btoaUtf8(json), "application/json") };
    }
    default:
      return unreachable(content);
  }
}

export function outputText(text: string): OutputPart {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function toFile({ file_url, file_id, file_data, filename, file_name }: ContentOf<"file">): OutputPart {
  const name = filename ?? file_name ?? undefined;
  const url = file_url ?? (file_data === null ? undefined : toUrl(file_data, "application/octet-stream"));
  return {
    type: "input_file",
    ...(name === undefined ? {} : { filename: name }),
    ...(url === undefined ? {} : { file_url: url }),
    ...(file_id === null ? {} : { file_id }),
  };
}

/** URLs stay as they are; bare base64 becomes one. */
function toUrl(data: string, mediaType: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(data) ? data : `data:${mediaType};base64,${data}`;
}

function btoaUtf8(text: string): string {
  return Buffer.from(text).toString("base64");
}
