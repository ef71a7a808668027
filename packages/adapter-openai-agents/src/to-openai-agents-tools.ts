import { callTool, errorResult } from "@agentscope-runtime/tools";
import type { Tool, ToolInputSchema } from "@agentscope-runtime/tools";
import { parseArguments } from "./parse-arguments.ts";
import { toToolReturn } from "./tool-return.ts";
import type { AgentToolReturn } from "./tool-return.ts";

/** What the SDK tells a tool about a call; it tells more. */
export interface AgentToolCallDetails {
  readonly signal?: AbortSignal;
  readonly toolCall?: { readonly callId: string };
}

/** A `FunctionTool` of the OpenAI Agents SDK. */
export interface AgentFunctionTool {
  type: "function";
  name: string;
  description: string;
  /** A JSON Schema. */
  parameters: {
    type: "object";
    properties: Record<string, never>;
    required: string[];
    additionalProperties: true;
  };
  strict: false;
  invoke: (runContext: unknown, input: string, details?: AgentToolCallDetails) => Promise<AgentToolReturn>;
  needsApproval: (runContext: unknown, input: unknown) => Promise<boolean>;
  isEnabled: () => Promise<boolean>;
}

export interface ToOpenAIAgentsToolsOptions {
  /** Whether a person has to allow this call. Default never. Asked again before an allowed call runs. */
  readonly needsApproval?: (tool: Tool, toolArguments: unknown) => boolean | Promise<boolean>;
}

/**
 * Tools for agents of the OpenAI Agents SDK: `new Agent({ tools })`. A failed call is told to the model in its words and to the client
 * as a failure, an abort reaches the tool, and images and files reach the model as such (chat completions have none in results). What
 * a tool says meanwhile is not carried: the SDK has no word for it.
 *
 * @example
 * ```ts
 * const agent = new Agent({ name: "friday", model, tools: toOpenAIAgentsTools(await sandboxTools(sandbox)) });
 * ```
 */
export function toOpenAIAgentsTools(
  tools: Iterable<Tool>,
  options: ToOpenAIAgentsToolsOptions = {},
): AgentFunctionTool[] {
  return [...tools].map((tool) => toFunctionTool(tool, options));
}

function toFunctionTool(tool: Tool, { needsApproval }: ToOpenAIAgentsToolsOptions): AgentFunctionTool {
  return {
    type: "function",
    name: tool.name,
    description: tool.description,
    parameters: parametersOf(tool.inputSchema),
    strict: false,
    invoke: async (_context, input, details = {}) => invoke(tool, input, details),
    needsApproval: async (_context, input) => (await needsApproval?.(tool, input)) ?? false,
    isEnabled: async () => true,
  };
}

/** The SDK hands it to the model as it is; its own type is narrower than what models take. */
function parametersOf(schema: ToolInputSchema): AgentFunctionTool["parameters"] {
  return { properties: {}, required: [], ...schema } as unknown as AgentFunctionTool["parameters"];
}

async function invoke(tool: Tool, input: string, details: AgentToolCallDetails): Promise<AgentToolReturn> {
  const { signal, toolCall } = details;
  try {
    const result = await callTool(tool, parseArguments(input), {
      ...(signal && { signal }),
      ...(toolCall && { callId: toolCall.callId }),
    });
    return toToolReturn(result);
  } catch (thrown) {
    signal?.throwIfAborted();
    if (isAbort(thrown)) throw thrown;
    // As the SDK's own tools do: the run goes on, and nobody is told what broke.
    return toToolReturn(errorResult(`The tool ${tool.name} failed.`));
  }
}

function isAbort(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && "name" in thrown && thrown.name === "AbortError";
}
