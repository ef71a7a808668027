import { callTool } from "@agentscope-runtime/tools";
import type { Tool, ToolResult } from "@agentscope-runtime/tools";
import type { AgentScopeTool, AgentScopeToolResponse } from "./agentscope-tool.ts";
import { toOutputBlocks } from "./tool-output.ts";

export interface ToAgentScopeToolsOptions {
  /** The run's: when it aborts, the tool stops. The framework hands none to tools, so make them for each run. */
  readonly signal?: AbortSignal;
  /** The tools that a person has to allow each call of. Default: none. */
  readonly needsApproval?: (tool: Tool) => boolean;
}

/**
 * Tools for the `Toolkit` of AgentScope. A failed call is a result with the state `error`, and images are data blocks. What a
 * tool tells while it runs is dropped: the framework can only add to a result, and takes every one that comes in pieces for a success.
 *
 * @example
 * ```ts
 * const toolkit = new Toolkit({ tools: toAgentScopeTools(await sandboxTools(sandbox), { signal }) });
 * ```
 */
export function toAgentScopeTools(tools: Iterable<Tool>, options: ToAgentScopeToolsOptions = {}): AgentScopeTool[] {
  const { signal, needsApproval = () => false } = options;
  return [...tools].map((tool) => ({
    name: tool.name,
    description: tool.description,
    inputSchema: tool.inputSchema,
    requireUserConfirm: needsApproval(tool),
    call: async (input) => toResponse(await callTool(tool, input, signal === undefined ? {} : { signal })),
  }));
}

/** One piece, since the states of several get lost. */
function toResponse(result: ToolResult): AgentScopeToolResponse {
  const id = crypto.randomUUID();
  return {
    id,
    content: toOutputBlocks(joined(result), id),
    createdAt: new Date().toISOString(),
    metadata: {},
    state: result.isError ? "error" : "success",
    isLast: true,
    isInterrupted: false,
    stream: false,
  };
}

/** The framework writes texts that follow each other without anything between them. */
function joined({ content, isError }: ToolResult): ToolResult {
  const pieces: ToolResult["content"][number][] = [];
  for (const piece of content) {
    const text = piece.type === "data" ? JSON.stringify(piece.data) : piece.type === "text" ? piece.text : undefined;
    const last = pieces.at(-1);
    if (text === undefined) pieces.push(piece);
    else if (last?.type === "text") pieces[pieces.length - 1] = { type: "text", text: `${last.text}\n${text}` };
    else pieces.push({ type: "text", text });
  }
  return { content: pieces, isError };
}
