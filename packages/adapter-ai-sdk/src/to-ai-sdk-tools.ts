import { callTool, resultText } from "@agentscope-runtime/tools";
import type { Tool, ToolResult } from "@agentscope-runtime/tools";
import { schemaSymbol } from "./ai-sdk-schema.ts";
import type { ModelToolOutput } from "./model-message.ts";
import { toToolOutput } from "./to-tool-output.ts";
import type { ResultImages } from "./to-tool-output.ts";

/** What the SDK tells a tool about a call; it tells more. */
export interface AiSdkToolCallOptions {
  readonly toolCallId: string;
  readonly abortSignal?: AbortSignal | undefined;
}

/** A tool as AI SDK 6 and 7 take it. */
export interface AiSdkFunctionTool {
  readonly description: string;
  /** A schema of the SDK's own kind. */
  readonly inputSchema: never;
  /** The latest result is the tool's; those before it are what there was so far. */
  readonly execute: (input: unknown, options: AiSdkToolCallOptions) => AsyncGenerator<ToolResult, void, undefined>;
  readonly toModelOutput: (options: { readonly output: ToolResult }) => ModelToolOutput;
}

/**
 * Tools for `streamText`, `generateText` and agents of the AI SDK, by name. A failed call is an error of the SDK's, an abort
 * reaches the tool, what there is so far is a preliminary result, and images reach the model as images.
 *
 * @example
 * ```ts
 * const result = streamText({ model, messages, tools: toAiSdkTools(await sandboxTools(sandbox)) });
 * ```
 */
export function toAiSdkTools(tools: Iterable<Tool>, images: ResultImages = {}): Record<string, AiSdkFunctionTool> {
  return Object.fromEntries([...tools].map((tool) => [tool.name, toAiSdkTool(tool, images)]));
}

function toAiSdkTool(tool: Tool, images: ResultImages): AiSdkFunctionTool {
  return {
    description: tool.description,
    inputSchema: toSchema(tool) as never, // Its type has a symbol that only the SDK can name.
    execute: (input, options) => execute(tool, input, options),
    toModelOutput: ({ output }) => toToolOutput(output, images),
  };
}

/** Nothing is checked here: the tool says what is wrong in words that help the model. */
function toSchema({ inputSchema }: Tool): object {
  return {
    [schemaSymbol]: true,
    _type: undefined,
    jsonSchema: inputSchema,
    validate: (value: unknown) => ({ success: true, value }),
  };
}

async function* execute(
  tool: Tool,
  input: unknown,
  { toolCallId, abortSignal }: AiSdkToolCallOptions,
): AsyncGenerator<ToolResult, void, undefined> {
  let update = Promise.withResolvers<undefined>();
  let latest: ToolResult | undefined;
  const onUpdate = (result: ToolResult): void => {
    latest = result;
    update.resolve(undefined);
  };
  const running = callTool(tool, input, { callId: toolCallId, onUpdate, ...(abortSignal && { signal: abortSignal }) });
  running.catch(() => undefined); // Whoever leaves the loop early does not hear of it.
  for (;;) {
    const result = await Promise.race([running, update.promise]);
    if (result !== undefined) {
      if (result.isError) throw new Error(resultText(result));
      yield result;
      return;
    }
    update = Promise.withResolvers();
    if (latest !== undefined) yield latest;
  }
}
