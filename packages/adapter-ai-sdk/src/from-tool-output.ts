import { denialText } from "@agentscope-runtime/core/adapter";
import { errorResult, textResult } from "@agentscope-runtime/tools";
import type { ToolContent, ToolResult } from "@agentscope-runtime/tools";
import { z } from "zod";

const fileDataSchema = z.union([
  z.object({ type: z.literal("data"), data: z.string() }),
  z.string().transform((data) => ({ type: "data" as const, data })),
]);

const pieceSchema = z.union([
  z.object({ type: z.literal("text"), text: z.string() }),
  z
    .object({
      type: z.enum(["image-data", "file-data", "media", "file"]),
      data: fileDataSchema,
      mediaType: z.string(),
      filename: z.string().optional(),
    })
    .transform(({ data: { data }, mediaType, filename }) => ({ type: "bytes" as const, data, mediaType, filename })),
]);

const outputSchema = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["text", "error-text"]), value: z.string() }),
  z.object({ type: z.enum(["json", "error-json"]), value: z.unknown() }),
  z.object({ type: z.literal("execution-denied"), reason: z.string().optional() }),
  z.object({ type: z.literal("content"), value: z.array(z.unknown()) }),
]);

/** A result as the SDK tells it to models, of version 6 or 7. */
export type AiSdkToolOutput = z.output<typeof outputSchema>;

export function parseToolOutput(value: unknown): AiSdkToolOutput | undefined {
  return outputSchema.safeParse(value).data;
}

/** What a model is told as a tool's result: images and files with their bytes, anything else that is no text as data. */
export function fromToolOutput(output: AiSdkToolOutput): ToolResult {
  switch (output.type) {
    case "text":
      return textResult(output.value);
    case "error-text":
      return errorResult(output.value);
    case "json":
    case "error-json":
      return { content: [{ type: "data", data: output.value }], isError: output.type === "error-json" };
    case "execution-denied":
      return errorResult(denialText(output.reason));
    case "content":
      return { content: output.value.map(fromPiece), isError: false };
  }
}

function fromPiece(value: unknown): ToolContent {
  const { data: piece } = pieceSchema.safeParse(value);
  if (piece === undefined) return { type: "data", data: value };
  if (piece.type === "text") return piece;
  const { data, mediaType, filename } = piece;
  if (/^image\b/.test(mediaType)) return { type: "image", data, mediaType };
  return { type: "file", data, mediaType, ...(filename !== undefined && { filename }) };
}
