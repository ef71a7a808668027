import type { ToolOrigin } from "@agentscope-runtime/core";
import type { AiSdkTool } from "./ai-sdk-part.ts";

/** Who runs a tool, as far as the stream tells. */
export function toolOrigin(tool: AiSdkTool, clientTools: ReadonlySet<string>): ToolOrigin {
  if (tool.providerExecuted !== true && clientTools.has(tool.toolName)) return { kind: "function" };
  // `@ai-sdk/mcp` signs its tools with the name of the client that holds the connection.
  const client = tool.toolMetadata?.["clientName"];
  if (typeof client === "string") return { kind: "mcp", serverLabel: client };
  return providerOrigin(tool);
}

/** MCP servers that the model's provider talks to: each provider marks their calls in its own way. */
function providerOrigin({ toolName, providerExecuted, providerMetadata }: AiSdkTool): ToolOrigin {
  const anthropic = providerMetadata?.["anthropic"];
  if (anthropic?.["type"] === "mcp-tool-use") {
    const server = anthropic["serverName"];
    return typeof server === "string" ? { kind: "mcp", serverLabel: server } : { kind: "mcp" };
  }
  return providerExecuted === true && isProviderMcpName(toolName) ? { kind: "mcp" } : { kind: "plugin" };
}

/** OpenAI's provider names the tools of a server that OpenAI talks to `mcp.NAME`. */
export function isProviderMcpName(toolName: string): boolean {
  return toolName.startsWith("mcp.");
}
