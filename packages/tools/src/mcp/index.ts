export { openMcpTools } from "./open-mcp-tools.ts";

export type { McpHttpServer, McpServer, McpStdioServer } from "./mcp-server-options.ts";
export type { McpTools, McpToolsOptions } from "./open-mcp-tools.ts";
