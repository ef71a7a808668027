import { sourceDataType, unfit } from "@agentscope-runtime/core/adapter";
import type { Content, ContentOf } from "@agentscope-runtime/protocol";
import type { ModelFileReference, ModelUserPart } from "./model-message.ts";
import { toFilePart } from "./to-file-part.ts";
import type { FileContent } from "./to-file-part.ts";

/** The message whose parts are converted, and what may become of them. */
export interface MessageContext {
  /** The message's place in the list; errors name it. */
  readonly index: number;
  /** Whose ids `file_id` holds, such as `openai`. */
  readonly fileProvider: string | undefined;
}

/** The parts of a user's or an agent's message. Parts that say nothing are left out, and so are sources. */
export function toModelParts(
  content: readonly Content[],
  { index, fileProvider }: MessageContext,
): ModelUserPart<ModelFileReference>[] {
  return content.flatMap((part): ModelUserPart<ModelFileReference>[] => {
    if (isFile(part)) return [toFilePart(part, { index, kind: part.type, fileProvider })];
    const text = wordsOf(part);
    return text === "" ? [] : [{ type: "text", text }];
  });
}

/** A message that can only be text. */
export function toModelText(content: readonly Content[], { index }: MessageContext): string {
  const texts = content.map((part) => {
    if (isFile(part)) throw unfit({ index, kind: part.type }, "this message can only hold text");
    return wordsOf(part);
  });
  return texts.filter((text) => text !== "").join("\n");
}

function wordsOf(part: ContentOf<"text" | "refusal" | "data">): string {
  switch (part.type) {
    case "text":
      return part.text ?? "";
    case "refusal":
      return part.refusal ?? "";
    case "data":
      // What the model has read once it need not read again.
      return part.data === null || part.data["type"] === sourceDataType ? "" : JSON.stringify(part.data);
  }
}

function isFile(part: Content): part is FileContent {
  return part.type === "image" || part.type === "audio" || part.type === "video" || part.type === "file";
}
