import { isObject } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { defineTool, errorResult, parseToolResult, runForeignTool, textResult } from "@agentscope-runtime/tools";
import type { Tool, ToolContent, ToolInputSchema, ToolResult, ToolRunOptions } from "@agentscope-runtime/tools";
import { z } from "zod";
import { errorText, isRefusedInput } from "./tool-failure.ts";

/** The part of a tool of Mastra's that is read. */
interface AnyMastraTool {
  readonly description?: unknown;
  readonly inputSchema?: unknown;
  readonly requireApproval?: unknown;
  // The parameters of these differ from tool to tool.
  readonly execute?: unknown;
  readonly toModelOutput?: unknown;
}

export interface FromMastraToolsOptions {
  /**
   * Whether a person has allowed exactly this call; `isApproved` of a run's context says it. Asked for tools with `requireApproval`.
   * Default: nobody has, and the call is a failure that says so.
   */
  readonly isApproved?: (name: string, input: unknown) => boolean;
}

/**
 * Tools of Mastra's, by name, as ours, for agents of any framework and for MCP: such as `createTool` makes. What a tool throws is a
 * failure for the model, and so are arguments that it refuses; what it writes is an update, `toModelOutput` says what the model sees,
 * and an abort reaches it. A tool that suspends itself fails: nobody could resume it.
 *
 * `invalid_argument` for tools that the client or the provider runs, those without `execute`, and for schemas that do not know
 * themselves as JSON Schema.
 *
 * @example
 * ```ts
 * const toolbox = createToolbox(...fromMastraTools(await agent.listTools()));
 * ```
 */
export function fromMastraTools(tools: Readonly<Record<string, object>>, options: FromMastraToolsOptions = {}): Tool[] {
  return Object.entries(tools).map(([name, tool]) => fromMastraTool(name, tool, options));
}

function fromMastraTool(name: string, tool: AnyMastraTool, { isApproved }: FromMastraToolsOptions): Tool {
  const { description, execute } = tool;
  if (!isFunction(execute)) {
    const message = `The tool ${name} has no execute: the client or the provider runs it, so it cannot run here.`;
    throw new RuntimeError("invalid_argument", message, { details: { tool: name } });
  }
  return defineTool({
    name,
    description: typeof description === "string" && description.trim() !== "" ? description : name,
    // The tool checks it itself, in words that help the model.
    input: z.looseObject({}),
    inputSchema: schemaOf(name, tool.inputSchema),
    run: async (input, options) => {
      if ((await needsApproval(tool, input)) && isApproved?.(name, input) !== true) {
        return errorResult(`A person has to allow ${name} before it runs.`);
      }
      return runForeignTool(async () => toResult(tool, await execute(input, contextOf(name, options))), options);
    },
  });
}

function schemaOf(name: string, schema: unknown): ToolInputSchema {
  if (schema === undefined) return { type: "object", properties: {} };
  const standard = isObject(schema) ? schema["~standard"] : undefined;
  const converter = isObject(standard) ? standard["jsonSchema"] : undefined;
  const input = isObject(converter) ? converter["input"] : undefined;
  const written = isFunction(input) ? input({ target: "draft-2020-12" }) : undefined;
  if (isObject(written)) {
    const { $schema: _, ...json } = written;
    return { ...json, type: "object" };
  }
  const message = `The schema of the tool ${name} cannot be written as JSON Schema: make the tool with createTool.`;
  throw new RuntimeError("invalid_argument", message, { details: { tool: name } });
}

/** What a tool is given that an agent runs, as far as there is one. */
function contextOf(name: string, { signal, callId = crypto.randomUUID(), onUpdate }: ToolRunOptions): object {
  const suspend = async (): Promise<never> => {
    throw new RuntimeError("unimplemented", `The tool ${name} waits for a person, and nobody here can resume it.`);
  };
  const write = async (value: unknown): Promise<void> => {
    onUpdate?.(plainResult(value));
  };
  return {
    ...(signal && { abortSignal: signal }),
    agent: { agentId: "", toolCallId: callId, messages: [], suspend },
    suspend,
    writer: { write, custom: write },
  };
}

async function needsApproval({ requireApproval: needs }: AnyMastraTool, input: unknown): Promise<boolean> {
  const answer: unknown = isFunction(needs) ? await needs(input, {}) : needs;
  return (answer ?? false) !== false;
}

async function toResult({ toModelOutput }: AnyMastraTool, output: unknown): Promise<ToolResult> {
  if (isRefusedInput(output)) return errorResult(errorText(output));
  const own = parseToolResult(output);
  if (own !== undefined || !isFunction(toModelOutput)) return own ?? plainResult(output);
  return shownResult(await toModelOutput(output)) ?? plainResult(output);
}

/** What the model is shown, in the forms of the AI SDK. */
function shownResult(shown: unknown): ToolResult | undefined {
  if (!isObject(shown)) return undefined;
  const { type, value } = shown;
  switch (type) {
    case "text":
    case "error-text":
      return { content: [{ type: "text", text: String(value) }], isError: type === "error-text" };
    case "json":
    case "error-json":
      return { content: [{ type: "data", data: value }], isError: type === "error-json" };
    case "content":
      return Array.isArray(value) ? { content: value.map((item) => contentOf(item)), isError: false } : undefined;
    default:
      return undefined;
  }
}

function contentOf(item: unknown): ToolContent {
  if (isObject(item)) {
    const { type, text, data, mediaType } = item;
    if (type === "text" && typeof text === "string") return { type, text };
    if (typeof data === "string" && typeof mediaType === "string") {
      return { type: mediaType.startsWith("image/") ? "image" : "file", data, mediaType };
    }
  }
  return { type: "data", data: item };
}

function plainResult(output: unknown): ToolResult {
  if (typeof output === "string") return textResult(output);
  return parseToolResult(output) ?? { content: [{ type: "data", data: output ?? null }], isError: false };
}

function isFunction(value: unknown): value is (...parameters: readonly unknown[]) => unknown {
  return typeof value === "function";
}
