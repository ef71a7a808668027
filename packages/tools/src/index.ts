export { callTool } from "./call-tool.ts";
export { createToolbox } from "./toolbox.ts";
export { fromMcpResult } from "./from-mcp-result.ts";
export { runForeignTool } from "./run-foreign-tool.ts";
export { toMcpResult } from "./to-mcp-result.ts";
export { defineTool } from "./define-tool.ts";
export { errorResult, parseToolResult, resultText, textResult } from "./tool-result.ts";

export type { McpContent, McpResult } from "./mcp-result.ts";
export type { McpResultInput } from "./from-mcp-result.ts";
export type { Tool, ToolInputSchema, ToolRunOptions } from "./tool.ts";
export type { Toolbox } from "./toolbox.ts";
export type { ToolContent, ToolResult } from "./tool-result.ts";
export type { ToolDefinition } from "./define-tool.ts";
