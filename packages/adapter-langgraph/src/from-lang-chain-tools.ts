import { isObject } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { defineTool, errorResult, parseToolResult, runForeignTool, textResult } from "@agentscope-runtime/tools";
import type { Tool, ToolInputSchema, ToolResult, ToolRunOptions } from "@agentscope-runtime/tools";
import { CallbackManager } from "@langchain/core/callbacks/manager";
import { isBaseMessage, ToolMessage } from "@langchain/core/messages";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { z } from "zod";
import { asJson } from "./json.ts";
import { fromToolContent } from "./tool-content.ts";

/** The parts of a tool of LangChain's that are used. Tools of `tool()`, `StructuredTool` and MCP adapters satisfy it. */
export interface LangChainTool {
  readonly name: string;
  readonly description: string;
  readonly schema: unknown;
  invoke(input: never, config?: never): Promise<unknown>;
}

/**
 * Tools of LangChain as tools of ours, for a toolbox, a gateway or another framework. What a tool throws is a result with
 * `isError` and the error's text, as LangChain's own agents tell it to the model. An abort reaches the tool. Tools that pause, or
 * that answer with a `Command`, work inside of a graph only: they reject with `unimplemented`.
 *
 * `invalid_argument` for names that model providers refuse and for schemas that are no object.
 */
export function fromLangChainTools(tools: Iterable<LangChainTool>): Tool[] {
  return [...tools].map((tool) =>
    defineTool({
      name: tool.name,
      description: tool.description,
      // The tool parses its arguments itself.
      input: z.looseObject({}),
      inputSchema: inputSchemaOf(tool),
      run: async (input, options) =>
        runForeignTool(async () => resultOf(tool.name, await invoke(tool, input, options)), options),
    }),
  ) as Tool[];
}

async function invoke(
  tool: LangChainTool,
  args: object,
  { signal, callId = crypto.randomUUID(), onUpdate }: ToolRunOptions,
): Promise<unknown> {
  const call = { type: "tool_call", id: callId, name: tool.name, args };
  const callbacks =
    onUpdate && CallbackManager.fromHandlers({ handleToolEvent: (data: unknown) => onUpdate(partOf(data)) });
  const config = { ...(signal && { signal }), ...(callbacks && { callbacks }) };
  try {
    // Its parameters are generic; this is the form of a call that every tool takes.
    return await tool.invoke(call as never, config as never);
  } catch (thrown) {
    throw isObject(thrown) && thrown["name"] === "GraphInterrupt" ? pausing(tool.name, thrown) : thrown;
  }
}

function inputSchemaOf({ name, schema }: LangChainTool): ToolInputSchema {
  const { $schema: _, ...json }: Record<string, unknown> = toJsonSchema(schema as never); // It takes any schema that tools take.
  if (json["type"] === "object") return { ...json, type: "object" };
  throw new RuntimeError(
    "invalid_argument",
    `The tool ${name} takes no object: models send one, so give it a schema of one.`,
  );
}

function resultOf(name: string, answer: unknown): ToolResult {
  if (ToolMessage.isInstance(answer)) {
    const isError = answer.status === "error";
    const whole = parseToolResult(asJson(answer.artifact));
    if (whole !== undefined) return whole;
    const content = fromToolContent(answer.content, isError);
    if (typeof content !== "string") return content;
    return isError ? errorResult(content) : textResult(content);
  }
  if (isBaseMessage(answer) || (isObject(answer) && answer["lg_name"] === "Command")) throw pausing(name);
  return partOf(answer);
}

function partOf(value: unknown): ToolResult {
  if (typeof value === "string") return textResult(value);
  const json = asJson(value);
  return parseToolResult(json) ?? { content: [{ type: "data", data: json ?? null }], isError: false };
}

function pausing(name: string, cause?: unknown): RuntimeError {
  return new RuntimeError("unimplemented", `The tool ${name} needs the graph that it was made for.`, { cause });
}
