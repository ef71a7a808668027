import { RuntimeError } from "@agentscope-runtime/protocol";
import { defineTool, errorResult, runForeignTool, textResult } from "@agentscope-runtime/tools";
import type { Tool, ToolResult, ToolRunOptions } from "@agentscope-runtime/tools";
import { z } from "zod";
import { readSchema } from "./ai-sdk-schema.ts";
import type { AiSdkSchema } from "./ai-sdk-schema.ts";
import { fromToolOutput, parseToolOutput } from "./from-tool-output.ts";

/** The part of a tool of AI SDK 6 or 7 that is read. */
export interface AnyAiSdkTool {
  readonly description?: unknown;
  readonly inputSchema?: unknown;
  readonly needsApproval?: unknown;
  // The parameters of these differ from tool to tool.
  readonly execute?: unknown;
  readonly toModelOutput?: unknown;
}

export interface FromAiSdkToolsOptions {
  /**
   * Whether a person has allowed exactly this call; `isApproved` of a run's context says it. Asked for tools with `needsApproval`.
   * Default: nobody has, and the call is a failure that says so.
   */
  readonly isApproved?: (name: string, input: unknown) => boolean;
}

/**
 * Tools of AI SDK 6 or 7 as ours, for agents of any framework and for MCP. What a tool throws is a failure for the model, what it
 * yields before its last is an update, `toModelOutput` says what the model sees, and an abort reaches it.
 *
 * `invalid_argument` for tools that the client or the provider runs, those without `execute`, and for schemas that cannot be
 * written as JSON Schema: zod 3 needs `zodSchema()` of the SDK.
 *
 * @example
 * ```ts
 * const toolbox = createToolbox(...(await fromAiSdkTools(agent.tools)));
 * ```
 */
export async function fromAiSdkTools(
  tools: Readonly<Record<string, AnyAiSdkTool>>,
  options: FromAiSdkToolsOptions = {},
): Promise<Tool[]> {
  return Promise.all(Object.entries(tools).map(async ([name, tool]) => fromAiSdkTool(name, tool, options)));
}

async function fromAiSdkTool(name: string, tool: AnyAiSdkTool, { isApproved }: FromAiSdkToolsOptions): Promise<Tool> {
  const { description, execute } = tool;
  if (!isFunction(execute)) {
    const message = `The tool ${name} has no execute: the client or the provider runs it, so it cannot run here.`;
    throw new RuntimeError("invalid_argument", message, { details: { tool: name } });
  }
  const schema = await readSchema(name, tool.inputSchema);
  return defineTool({
    name,
    description: typeof description === "string" && description.trim() !== "" ? description : name,
    // The SDK's own schema checks it, since that may have to wait.
    input: z.looseObject({}),
    inputSchema: { ...schema.jsonSchema, type: "object" },
    run: async (value, runOptions) => {
      const input = await validated(name, schema, value);
      const call = callOf(runOptions);
      if ((await needsApproval(tool, input, call)) && isApproved?.(name, value) !== true) {
        return errorResult(`A person has to allow ${name} before it runs.`);
      }
      return runForeignTool(
        async () => toResult(tool, { input, call, output: await lastOf(execute(input, call), runOptions) }),
        runOptions,
      );
    },
  });
}

interface Call {
  readonly toolCallId: string;
  readonly messages: readonly never[];
  readonly abortSignal?: AbortSignal;
}

function callOf({ callId = crypto.randomUUID(), signal }: ToolRunOptions): Call {
  return { toolCallId: callId, messages: [], ...(signal && { abortSignal: signal }) };
}

async function validated(name: string, { validate }: AiSdkSchema, value: unknown): Promise<unknown> {
  const { value: input, problem } = await validate(value);
  if (problem === undefined) return input;
  throw new RuntimeError("invalid_argument", `Invalid arguments of ${name}: ${problem}`);
}

async function needsApproval({ needsApproval: needs }: AnyAiSdkTool, input: unknown, call: Call): Promise<boolean> {
  const answer: unknown = isFunction(needs) ? await needs(input, call) : needs;
  return (answer ?? false) !== false;
}

/** What a tool returns, or the last that it yields; those before it are updates. */
async function lastOf(returned: unknown, { onUpdate, signal }: ToolRunOptions): Promise<unknown> {
  if (typeof returned !== "object" || returned === null || !(Symbol.asyncIterator in returned)) return returned;
  let last: unknown;
  let first = true;
  for await (const value of returned as AsyncIterable<unknown>) {
    signal?.throwIfAborted();
    if (!first) onUpdate?.(plainResult(last));
    last = value;
    first = false;
  }
  return last;
}

async function toResult(
  { toModelOutput }: AnyAiSdkTool,
  { input, call, output }: { readonly input: unknown; readonly call: Call; readonly output: unknown },
): Promise<ToolResult> {
  if (!isFunction(toModelOutput)) return plainResult(output);
  const told = parseToolOutput(await toModelOutput({ toolCallId: call.toolCallId, input, output }));
  return told === undefined ? plainResult(output) : fromToolOutput(told);
}

function plainResult(output: unknown): ToolResult {
  if (typeof output === "string") return textResult(output);
  return { content: [{ type: "data", data: output ?? null }], isError: false };
}

function isFunction(value: unknown): value is (...parameters: readonly unknown[]) => unknown {
  return typeof value === "function";
}
