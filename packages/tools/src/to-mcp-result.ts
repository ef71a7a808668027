import type { McpContent, McpResult } from "./mcp-result.ts";
import type { ToolContent, ToolResult } from "./tool-result.ts";

/**
 * A tool's result as MCP's. Images stay images, audio becomes audio, other files embedded resources. Data becomes text; a
 * single piece of it is the structured content too.
 */
export function toMcpResult({ content, isError }: ToolResult): McpResult {
  const data = content.filter((piece) => piece.type === "data");
  return {
    content: content.map(toMcpContent),
    ...(data.length === 1 && data[0] !== undefined ? { structuredContent: data[0].data } : {}),
    ...(isError ? { isError } : {}),
  };
}

function toMcpContent(piece: ToolContent, index: number): McpContent {
  switch (piece.type) {
    case "text":
      return { type: "text", text: piece.text };
    case "data":
      return { type: "text", text: jsonText(piece.data) };
    case "image":
      return { type: "image", data: piece.data, mimeType: piece.mediaType };
    case "file": {
      const { data, mediaType, filename } = piece;
      if (mediaType.startsWith("audio/") && filename === undefined) return { type: "audio", data, mimeType: mediaType };
      const uri = `attachment:///${encodeURIComponent(filename ?? String(index))}`;
      return { type: "resource", resource: { uri, mimeType: mediaType, blob: data } };
    }
  }
}

/** Also of what JSON has no word for. */
export function jsonText(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined; // Undefined for undefined and functions.
  return json ?? "null";
}
