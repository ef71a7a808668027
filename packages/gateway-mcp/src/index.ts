export { mcpGateway } from "./mcp-gateway.ts";
export { mcpServer } from "./mcp-server.ts";

export type { McpAgentOptions, McpToolSource } from "./catalog.ts";
export type { McpAuthorization } from "./authorization.ts";
export type { McpGateway, McpGatewayOptions } from "./mcp-gateway.ts";
export type { McpServer, McpServerOptions } from "./mcp-server.ts";
export type { McpStdio, McpStdioOptions } from "./open-stdio.ts";
