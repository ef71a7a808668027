import type { CallOptions } from "@agentscope-runtime/services";
import { createToolbox, defineTool, fromMcpResult } from "@agentscope-runtime/tools";
import type { Tool, Toolbox, ToolContent } from "@agentscope-runtime/tools";
import { z } from "zod";
import type { SandboxTool } from "../sandbox-tool.ts";
import type { Sandbox } from "../sandbox.ts";
import { boundedText } from "./bounded-text.ts";
import { cellTool } from "./cell-tool.ts";
import { commandTool } from "./command-tool.ts";
import { fileTools } from "./file-tools.ts";
import type { SandboxSource } from "./sandbox-source.ts";

export interface SandboxToolsOptions extends CallOptions {
  /** Names of the tools that the model gets. Default all. */
  readonly include?: readonly string[];
  /** How much of a text the model is shown: beginning and end. Default 20,000 characters. */
  readonly maxCharacters?: number;
}

const defaultMaxCharacters = 20_000;

/**
 * A sandbox's abilities as tools of no framework: shell, Python, files, and the tools of its MCP servers, such as a browser's. Where
 * a server brings a tool of the same name, it is the server's. Of a sandbox that is opened when it is first needed, the servers are
 * not known yet: it has its own tools only.
 */
export async function sandboxTools(source: SandboxSource, options: SandboxToolsOptions = {}): Promise<Toolbox> {
  const { include, maxCharacters = defaultMaxCharacters, signal } = options;
  const served = typeof source === "function" ? [] : await servedTools(source, maxCharacters, { signal });
  const names = new Set(served.map(({ name }) => name));
  const own = [
    commandTool(source, maxCharacters) as Tool,
    cellTool(source, maxCharacters) as Tool,
    ...fileTools(source, maxCharacters),
  ].filter(({ name }) => !names.has(name));
  const all = [...own, ...served];
  return createToolbox(all.filter(({ name }) => include?.includes(name) ?? true));
}

async function servedTools(sandbox: Sandbox, maxCharacters: number, options: CallOptions): Promise<readonly Tool[]> {
  const tools = await sandbox.listTools(options);
  return tools.filter(({ server }) => server !== "generic").map((tool) => servedTool(sandbox, tool, maxCharacters));
}

/** A tool of an MCP server, which checks what it is given itself. */
function servedTool(sandbox: Sandbox, { name, description, inputSchema }: SandboxTool, maxCharacters: number): Tool {
  return defineTool({
    name,
    description: description === "" ? name : description,
    input: z.record(z.string(), z.unknown()),
    inputSchema: { ...inputSchema, type: "object" },
    run: async (toolArguments, { signal }) => {
      const { content, isError } = fromMcpResult(await sandbox.callTool(name, toolArguments, { signal }));
      return { content: content.map((piece) => bounded(piece, maxCharacters)), isError };
    },
  });
}

function bounded(content: ToolContent, maxCharacters: number): ToolContent {
  return content.type === "text" ? { ...content, text: boundedText(content.text, maxCharacters) } : content;
}
