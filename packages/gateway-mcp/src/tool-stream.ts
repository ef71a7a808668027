import { callTool, resultText, toMcpResult } from "@agentscope-runtime/tools";
import type { McpResult, Tool, ToolResult } from "@agentscope-runtime/tools";
import type { RequestId } from "@modelcontextprotocol/server";
import { toRpcError } from "./rpc-error.ts";
import { toFailure } from "./tool-failure.ts";

export interface ToolStream {
  readonly tool: Tool;
  readonly arguments: unknown;
  readonly requestId: RequestId;
  readonly progressToken: RequestId | undefined;
  /** Aborts when the call is canceled, and when nobody listens any more. */
  readonly signal: AbortSignal;
  readonly onOver: () => void;
}

/** The answer to a call of a tool in the protocol of 2025, as server-sent events: its latest progress, and the result. */
export async function* toolStream(stream: ToolStream): AsyncGenerator<string, void, undefined> {
  const { requestId, progressToken, signal } = stream;
  let wake = Promise.withResolvers<undefined>();
  let latest: ToolResult | undefined;
  let progress = 0;
  const running = run(stream, (update) => {
    latest = update;
    progress += 1;
    wake.resolve(undefined);
  });
  const done = running.then(() => true);
  try {
    for (;;) {
      const isDone = await Promise.race([done, wake.promise]);
      wake = Promise.withResolvers();
      if (isDone === true) break;
      if (latest === undefined || progressToken === undefined) continue;
      const message = resultText(latest);
      latest = undefined;
      yield frame({ method: "notifications/progress", params: { progressToken, progress, message } });
    }
    // A call that was canceled has no answer.
    const answer = await running;
    if (!signal.aborted) yield frame({ id: requestId, ...answer });
  } finally {
    stream.onOver();
  }
}

async function run(stream: ToolStream, onUpdate: (update: ToolResult) => void): Promise<object> {
  const { tool, requestId, signal } = stream;
  try {
    const result = await callTool(tool, stream.arguments ?? {}, { signal, callId: String(requestId), onUpdate });
    return { result: withObject(toMcpResult(result)) };
  } catch (thrown) {
    const failure = toFailure(thrown);
    return failure === undefined ? { error: toRpcError(thrown) } : { result: failure };
  }
}

/** Before 2026, structured content is an object. */
function withObject({ structuredContent, ...result }: McpResult): McpResult {
  if (structuredContent === undefined) return result;
  const isObject =
    typeof structuredContent === "object" && structuredContent !== null && !Array.isArray(structuredContent);
  return { ...result, structuredContent: isObject ? structuredContent : { result: structuredContent } };
}

function frame(message: object): string {
  return `data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`;
}
