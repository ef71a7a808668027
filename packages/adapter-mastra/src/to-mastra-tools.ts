import { callTool, resultText } from "@agentscope-runtime/tools";
import type { Tool, ToolInputSchema, ToolResult } from "@agentscope-runtime/tools";
import { toModelOutput } from "./json-text.ts";
import type { MastraJson } from "./mastra-message.ts";

/** What Mastra tells a tool about a call; it tells more. */
export interface MastraToolContext {
  readonly abortSignal?: AbortSignal | undefined;
  /** Where there is none, nobody is told what there is so far. */
  readonly writer?: { write(value: unknown): Promise<void> } | undefined;
  readonly agent?: { readonly toolCallId: string } | undefined;
}

/** A schema as Mastra reads it: a Standard Schema that knows itself as JSON Schema. */
export interface MastraToolSchema {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "agentscope-runtime";
    readonly validate: (value: unknown) => { readonly value: unknown };
    readonly jsonSchema: { readonly input: () => ToolInputSchema; readonly output: () => ToolInputSchema };
  };
}

/** A tool as Mastra takes it. */
export interface MastraTool {
  readonly id: string;
  readonly description: string;
  readonly inputSchema: MastraToolSchema;
  readonly requireApproval: boolean;
  readonly execute: (input: unknown, context?: MastraToolContext) => Promise<ToolResult>;
  readonly toModelOutput: (output: ToolResult) => MastraJson;
}

export interface ToMastraToolsOptions {
  /** Names of the tools that a person has to allow, each call of theirs. Default: none. */
  readonly requireApproval?: readonly string[];
}

/**
 * Tools for an agent of Mastra's, by name. A failed call is an error of Mastra's, an abort reaches the tool, what there is so far
 * is told, and images reach the model as images.
 *
 * @example
 * ```ts
 * const agent = new Agent({ id: "coder", name: "Coder", instructions, model, tools: toMastraTools(sandboxTools(sandbox)) });
 * ```
 */
export function toMastraTools(tools: Iterable<Tool>, options: ToMastraToolsOptions = {}): Record<string, MastraTool> {
  const asked = new Set(options.requireApproval);
  return Object.fromEntries([...tools].map((tool) => [tool.name, toMastraTool(tool, asked.has(tool.name))]));
}

function toMastraTool(tool: Tool, requireApproval: boolean): MastraTool {
  const made: MastraTool = {
    id: tool.name,
    description: tool.description,
    inputSchema: toSchema(tool),
    requireApproval,
    execute: async (input, context) => execute(tool, input, context),
    toModelOutput,
  };
  // What Mastra knows its own tools by, in whatever copy of it.
  return Object.assign(made, { [Symbol.for("mastra.core.tool.Tool")]: true });
}

/** Nothing is checked here: the tool says what is wrong in words that help the model. */
function toSchema({ inputSchema }: Tool): MastraToolSchema {
  return {
    "~standard": {
      version: 1,
      vendor: "agentscope-runtime",
      validate: (value) => ({ value }),
      jsonSchema: { input: () => inputSchema, output: () => inputSchema },
    },
  };
}

async function execute(tool: Tool, input: unknown, context: MastraToolContext = {}): Promise<ToolResult> {
  const { abortSignal, writer, agent } = context;
  const result = await callTool(tool, input, {
    ...(abortSignal && { signal: abortSignal }),
    ...(agent && { callId: agent.toolCallId }),
    onUpdate: (soFar) => {
      // Nobody may be reading any more.
      writer?.write(soFar).catch(() => undefined);
    },
  });
  if (result.isError) throw new Error(resultText(result));
  return result;
}
