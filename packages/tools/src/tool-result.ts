import { z } from "zod";

/** A piece of what a tool answers. `data` of images and files is base64. */
export type ToolContent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image"; readonly data: string; readonly mediaType: string }
  | { readonly type: "file"; readonly data: string; readonly mediaType: string; readonly filename?: string }
  /** A value for programs; models are shown it as JSON. */
  | { readonly type: "data"; readonly data: unknown };

/** What a tool answers. */
export interface ToolResult {
  /** In the order in which the model is to read it. */
  readonly content: readonly ToolContent[];
  /** The tool failed, and `content` tells the model how. */
  readonly isError: boolean;
}

/** A result that is one text. */
export function textResult(text: string): ToolResult {
  return { content: [{ type: "text", text }], isError: false };
}

/** A failure, in words that help the model to do better. */
export function errorResult(text: string): ToolResult {
  return { content: [{ type: "text", text }], isError: true };
}

const contentSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("image"), data: z.string(), mediaType: z.string() }),
  z.object({
    type: z.literal("file"),
    data: z.string(),
    mediaType: z.string(),
    filename: z.string().exactOptional(),
  }),
  z.object({ type: z.literal("data"), data: z.unknown() }),
]);
const resultSchema = z.strictObject({ content: z.array(contentSchema), isError: z.boolean() });

/** A result that has travelled as JSON, such as in a session's history; undefined for anything else. */
export function parseToolResult(value: unknown): ToolResult | undefined {
  return resultSchema.safeParse(value).data;
}

/** A result as one text, for frameworks and protocols that carry nothing else: images and files are named, data is JSON. */
export function resultText({ content }: ToolResult): string {
  return content.map(contentText).join("\n");
}

function contentText(content: ToolContent): string {
  switch (content.type) {
    case "text":
      return content.text;
    case "data":
      return JSON.stringify(content.data);
    case "image":
      return `[image ${content.mediaType}]`;
    case "file":
      return `[file ${content.filename ?? content.mediaType}]`;
  }
}
