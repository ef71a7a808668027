import { callTool, resultText } from "@agentscope-runtime/tools";
import type { Tool, ToolResult } from "@agentscope-runtime/tools";
import { ToolMessage } from "@langchain/core/messages";
import type { ContentBlock } from "@langchain/core/messages";
import { DynamicStructuredTool } from "@langchain/core/tools";
import type { RunnableConfig } from "@langchain/core/runnables";
import { toToolContent } from "./tool-content.ts";
import type { ResultImages } from "./tool-content.ts";

/**
 * Tools for `createAgent`, a `ToolNode` or `bindTools` of LangChain. A failed call is a ToolMessage with status `error`, images
 * reach the model as images, an abort of the graph reaches the tool, and what there is so far is told in the stream's mode
 * `tools`. Files and data, which the model reads as text, are whole in the message's `artifact`.
 *
 * Called without a call's id, as `tool.invoke({ … })`, a tool returns its content, and throws when it failed.
 *
 * @example
 * ```ts
 * const agent = createAgent({ model, tools: toLangChainTools(await sandboxTools(sandbox)) });
 * ```
 */
export function toLangChainTools(tools: Iterable<Tool>, images: ResultImages = {}): DynamicStructuredTool[] {
  return [...tools].map((tool) => toLangChainTool(tool, images));
}

function toLangChainTool(tool: Tool, images: ResultImages): DynamicStructuredTool {
  const { name, description, inputSchema } = tool;
  return new DynamicStructuredTool({
    name,
    description,
    // The types of JSON Schema differ in words only.
    schema: inputSchema as never,
    func: (input, _manager, config) => run(tool, input, { config, images }),
  }) as DynamicStructuredTool;
}

interface Call {
  readonly config: ToolConfig | undefined;
  readonly images: ResultImages;
}

/** What LangChain tells a tool about a call; it tells more. */
type ToolConfig = RunnableConfig & { readonly toolCall?: { readonly id?: string | undefined } };

/** LangChain tells each value of a generator as an event of the tool, and takes the last one for its result. */
async function* run(
  tool: Tool,
  input: unknown,
  { config, images }: Call,
): AsyncGenerator<ToolResult, ToolMessage | string | ContentBlock[], undefined> {
  const callId = config?.toolCall?.id;
  const signal = config?.signal;
  let update = Promise.withResolvers<undefined>();
  let latest: ToolResult | undefined;
  const onUpdate = (result: ToolResult): void => {
    latest = result;
    update.resolve(undefined);
  };
  const running = callTool(tool, input, {
    onUpdate,
    ...(signal !== undefined && { signal }),
    ...(callId !== undefined && { callId }),
  });
  running.catch(() => undefined); // Whoever leaves the loop early does not hear of it.
  for (;;) {
    const result = await Promise.race([running, update.promise]);
    if (result !== undefined) return answer(tool.name, result, { callId, images });
    update = Promise.withResolvers();
    if (latest !== undefined) yield latest;
  }
}

function answer(
  name: string,
  result: ToolResult,
  { callId, images }: { readonly callId: string | undefined; readonly images: ResultImages },
): ToolMessage | string | ContentBlock[] {
  const content = toToolContent(result, images);
  if (callId === undefined) {
    if (result.isError) throw new Error(resultText(result));
    return content;
  }
  const isLossy =
    result.content.some(({ type }) => type === "file" || type === "data") || images.imagesInResults === false;
  return new ToolMessage({
    content,
    name,
    tool_call_id: callId,
    status: result.isError ? "error" : "success",
    ...(isLossy && { artifact: result }),
  });
}
