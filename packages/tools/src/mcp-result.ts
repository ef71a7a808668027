/** A piece of what a tool answers over MCP. */
export type McpContent =
  | { type: "text"; text: string }
  /** `data` is base64. */
  | { type: "image" | "audio"; data: string; mimeType: string }
  | { type: "resource_link"; uri: string; name: string; mimeType?: string }
  | { type: "resource"; resource: { uri: string; mimeType: string; blob: string } };

/** What a tool answers over MCP: a `CallToolResult` that MCP's own libraries take. */
export type McpResult = {
  content: McpContent[];
  /** A value for programs; `content` has it as text too. */
  structuredContent?: unknown;
  isError?: boolean;
};
