import { readOutputs } from "@agentscope-runtime/core";
import type { AgentOutput } from "@agentscope-runtime/core";
import type { AiSdkPart } from "./ai-sdk-part.ts";
import { fromAiSdkError } from "./from-ai-sdk-error.ts";
import { PartReader } from "./part-reader.ts";

/** The parts of a stream of AI SDK 6 or 7, as `TextStreamPart` of `ai` declares them. */
export type AiSdkStream = AsyncIterable<{ readonly type: string }>;

/** What the adapter reads of a `streamText` result: `stream` in AI SDK 7, `fullStream` before. Or the parts themselves. */
export type AiSdkResult = { readonly stream: AiSdkStream } | { readonly fullStream: AiSdkStream } | AiSdkStream;

export interface FromAiSdkOptions {
  /**
   * Names of the tools that the client runs, those without `execute`. Their calls become `function_call`; the stream
   * itself tells too late that nobody answered. Default: none.
   */
  readonly clientTools?: readonly string[];
}

/**
 * Turns what `streamText` or an agent's `stream` returns into what a `queryHandler` yields.
 *
 * Everything keeps the SDK's order. Calls are `plugin_call`, or `mcp_call` where the stream tells that an MCP server
 * runs the tool, or `function_call` for `clientTools`. Usage is reported once per model call. Raw chunks, signatures
 * and provider metadata, generated reasoning files, custom parts and steering messages are dropped.
 *
 * Throws a RuntimeError: `unavailable` when the provider refuses our key, is down or cannot be reached,
 * `resource_exhausted` for its limits, `deadline_exceeded` for timeouts, `invalid_argument` for messages that the model
 * cannot take, `canceled` when the call was aborted, else `internal`.
 *
 * Leaving the loop early returns the SDK's iterator, which stops the reading but not the model call. Hand `streamText`
 * the run's `signal` as `abortSignal`: that stops it.
 *
 * @example
 * ```ts
 * const queryHandler = (request, { signal }) =>
 *   fromAiSdk(streamText({ model, tools, messages: toModelMessages(request.input), abortSignal: signal }));
 * ```
 */
export function fromAiSdk(
  result: AiSdkResult | PromiseLike<AiSdkResult>,
  options: FromAiSdkOptions = {},
): AsyncGenerator<AgentOutput> {
  const started = Promise.resolve(result);
  // It may fail before anybody reads, or nobody may ever read; who reads gets the failure.
  started.catch(() => undefined);
  // The SDK's word: a part with one of our types has our fields. Parts of other types fall through the reader.
  const parts = started.then((value) => streamOf(value) as AsyncIterable<AiSdkPart>);
  parts.catch(() => undefined);
  return readOutputs(parts, new PartReader(options.clientTools ?? []), { toError: fromAiSdkError });
}

function streamOf(result: AiSdkResult): AiSdkStream {
  if ("stream" in result) return result.stream;
  return "fullStream" in result ? result.fullStream : result;
}
