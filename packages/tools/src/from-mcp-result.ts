import { z } from "zod";
import { jsonText } from "./to-mcp-result.ts";
import type { ToolContent, ToolResult } from "./tool-result.ts";

/** The part of a `CallToolResult` that is read, as it comes from a server. */
export interface McpResultInput {
  readonly content?: readonly unknown[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean | undefined;
}

const mimeType = z.string().optional();
const contentSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("image"), data: z.string(), mimeType: z.string() }),
  z.object({ type: z.literal("audio"), data: z.string(), mimeType: z.string() }),
  z.object({
    type: z.literal("resource"),
    resource: z.union([
      z.object({ uri: z.string(), mimeType, text: z.string() }),
      z.object({ uri: z.string(), mimeType, blob: z.string() }),
    ]),
  }),
]);

/**
 * What an MCP server answered as a tool's result. An embedded text is text, an embedded image an image; links, and whatever MCP
 * may bring that is not known yet, are data, so that nothing is dropped. Structured content is data, once: a text that says
 * the same gives way to it.
 */
export function fromMcpResult(result: McpResultInput): ToolResult {
  const { content = [], structuredContent, isError = false } = result;
  const pieces = content.map(fromMcpContent);
  if (structuredContent === undefined) return { content: pieces, isError };
  const structured: ToolContent = { type: "data", data: structuredContent };
  const same = jsonText(structuredContent);
  const said = pieces.findIndex((piece) => piece.type === "text" && isJsonOf(piece.text, same));
  if (said === -1) return { content: [...pieces, structured], isError };
  return { content: pieces.with(said, structured), isError };
}

function isJsonOf(text: string, json: string): boolean {
  if (text === json) return true;
  try {
    return jsonText(JSON.parse(text)) === json;
  } catch {
    return false;
  }
}

function fromMcpContent(piece: unknown): ToolContent {
  const { data: known } = contentSchema.safeParse(piece);
  if (known === undefined) return { type: "data", data: piece };
  switch (known.type) {
    case "text":
      return { type: "text", text: known.text };
    case "image":
      return { type: "image", data: known.data, mediaType: known.mimeType };
    case "audio":
      return { type: "file", data: known.data, mediaType: known.mimeType };
    case "resource": {
      const { resource } = known;
      if ("text" in resource) return { type: "text", text: resource.text };
      const mediaType = resource.mimeType ?? "application/octet-stream";
      if (mediaType.startsWith("image/")) return { type: "image", data: resource.blob, mediaType };
      return { type: "file", data: resource.blob, mediaType, filename: filenameOf(resource.uri) };
    }
  }
}

/** The last segment of a URI's path; all of it when it has none. */
function filenameOf(uri: string): string {
  const [, segment = ""] = /([^/?#:]+)(?:[?#].*)?$/.exec(uri) ?? [];
  try {
    return decodeURIComponent(segment) || uri;
  } catch {
    return segment;
  }
}
