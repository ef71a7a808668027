import { isObject } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { defineTool, errorResult } from "@agentscope-runtime/tools";
import type { Tool, ToolInputSchema, ToolResult, ToolRunOptions } from "@agentscope-runtime/tools";
import { z } from "zod";
import { asText } from "./as-text.ts";
import { dataUrl } from "./data-url.ts";
import { sdkFailure } from "./tool-answer.ts";
import { outputValue } from "./tool-output.ts";
import { resultIn } from "./tool-return.ts";

/** The part of a `FunctionTool` that is used. Tools of other types run elsewhere. */
export interface AnyAgentTool {
  readonly type: string;
  readonly name: string;
  readonly description?: string;
  readonly parameters?: unknown;
  invoke?(runContext: never, input: string, details?: never): Promise<unknown>;
  needsApproval?(runContext: never, input: never, callId?: string): Promise<boolean>;
}

export interface FromOpenAIAgentsToolsOptions {
  /** What the tools are given as their `RunContext`: `new RunContext(yours)`. Default one that has no context. */
  readonly runContext?: object;
}

/**
 * Tools of the OpenAI Agents SDK as ours, for agents of any framework. Images and files stay such, and an abort reaches the tool. A tool
 * that throws fails as "The tool NAME failed.": the SDK itself turns most of what its tools throw into a text that tells nothing, unless
 * the tool has an `errorFunction`. A call that needs an approval is not run, and says so: ask before you call it.
 *
 * `invalid_argument` for tools that the provider or a computer runs.
 */
export function fromOpenAIAgentsTools(
  tools: Iterable<AnyAgentTool>,
  options: FromOpenAIAgentsToolsOptions = {},
): Tool[] {
  const { runContext = { context: undefined } } = options;
  return [...tools].map((tool) => fromFunctionTool(tool, runContext));
}

function fromFunctionTool(tool: AnyAgentTool, runContext: object): Tool {
  const { type, name, description = "", parameters } = tool;
  if (type !== "function" || tool.invoke === undefined) {
    const message = `The tool ${name} (${type}) does not run here: give function tools.`;
    throw new RuntimeError("invalid_argument", message, { details: { name, type } });
  }
  return defineTool({
    name,
    description: description === "" ? name : description,
    input: z.looseObject({}),
    inputSchema: schemaOf(parameters),
    run: async (input, runOptions) => run(tool, { input, runContext, ...runOptions }),
  });
}

interface Call extends ToolRunOptions {
  readonly input: object;
  readonly runContext: object;
}

async function run(
  tool: AnyAgentTool,
  { input, runContext, callId = crypto.randomUUID(), signal }: Call,
): Promise<ToolResult> {
  // The SDK's own types of these are its own: what is handed on is what its runner hands on.
  const [context, given] = [runContext as never, input as never];
  if ((await tool.needsApproval?.(context, given, callId)) === true) {
    return errorResult(`The tool ${tool.name} was not run: a person has to allow this call.`);
  }
  const text = JSON.stringify(input);
  const toolCall = { type: "function_call", callId, name: tool.name, arguments: text };
  try {
    const returned = await tool.invoke?.(context, text, { toolCall, ...(signal && { signal }) } as never);
    return toResult(returned);
  } catch (thrown) {
    signal?.throwIfAborted();
    if (RuntimeError.is(thrown)) throw thrown;
    return errorResult(`The tool ${tool.name} failed.`);
  }
}

function toResult(returned: unknown): ToolResult {
  const ours = resultIn(returned);
  if (ours !== undefined) return ours;
  const value = hasParts(returned) ? outputValue(normalized(returned)) : returned;
  if (typeof value === "string") return { content: [{ type: "text", text: value }], isError: value === sdkFailure };
  if (isResult(value)) return value;
  return { content: [{ type: "data", data: value ?? null }], isError: false };
}

function hasParts(returned: unknown): returned is object {
  const parts = Array.isArray(returned) ? returned : [returned];
  return parts.length > 0 && parts.every((part) => isObject(part) && /^(text|image|file)$/.test(asText(part["type"])));
}

/** Tools may give bytes and their type apart; items have them as one URL. */
function normalized(returned: object): unknown {
  const parts: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  return parts.map((part) => {
    if (!isObject(part)) return part;
    const source = part["image"] ?? part["file"] ?? part;
    if (!isObject(source)) return part;
    const { data, mediaType, filename, url, fileId, id } = source;
    const bytes = data instanceof Uint8Array ? Buffer.from(data).toString("base64") : data;
    const place = fileId ?? id;
    const at = typeof bytes === "string" ? dataUrl(asText(mediaType ?? "image/png"), bytes) : undefined;
    const address = at ?? (typeof url === "string" ? (part["type"] === "image" ? url : { url }) : { id: place });
    if (part["type"] === "image") return { ...part, image: address };
    return part["type"] === "file" ? { ...part, file: address, filename } : part;
  });
}

function isResult(value: unknown): value is ToolResult {
  return isObject(value) && Array.isArray(value["content"]) && typeof value["isError"] === "boolean";
}

function schemaOf(parameters: unknown): ToolInputSchema {
  return isObject(parameters) ? { ...parameters, type: "object" } : { type: "object" };
}
