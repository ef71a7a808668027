import { readOutputs } from "@agentscope-runtime/core";
import type { AgentOutput } from "@agentscope-runtime/core";
import { fromLangGraphError } from "./from-lang-graph-error.ts";
import { parseGraphEvent } from "./graph-event.ts";
import { StreamReader } from "./stream-reader.ts";
import type { GraphOrigin } from "./stream-reader.ts";

export interface FromLangGraphOptions {
  /** Names of the tools that the client runs. Their calls become `function_call`. Default: none. */
  readonly clientTools?: readonly string[];
  /**
   * Which of the stream's modes tells messages. `messages`, the default, tells each piece as it comes. `updates` and `values`
   * tell whole messages, for graphs that are streamed without it; `values` takes the first state for what there was before.
   */
  readonly messagesFrom?: "messages" | "updates" | "values";
  /** Whether what this model or node says is told to the client. Default: all of it. Tokens count in any case. */
  readonly isTold?: (origin: GraphOrigin) => boolean;
  /**
   * What a value becomes that a node or a tool gave to its `writer`; undefined is dropped. Default: a `data` part
   * `{ type: "custom", value }`.
   */
  readonly custom?: (value: unknown, origin: GraphOrigin) => AgentOutput | undefined;
}

/**
 * Turns what a graph's `stream` returns into what a `queryHandler` yields. Stream with a list of modes, so that each chunk names
 * its own: `streamMode: ["messages", "updates", "custom", "tools"]`, and `subgraphs: true` to hear those too.
 *
 * `messages` gives text, reasoning, calls and results, in pieces; `updates` the pauses, and where messages end; `custom` what
 * nodes write; `tools` what running tools say so far. Models that speak side by side are told one after the other, each whole.
 * What a subgraph or another agent says is a message with `metadata.langgraph`. A pause becomes `approval.request`s when the
 * stream is over: one per call that `humanInTheLoopMiddleware` asks about, or one named `interrupt` with the value of
 * `interrupt()`.
 *
 * Throws a RuntimeError without the provider's words: `unavailable` when the provider refuses our key, is down or cannot be
 * reached, `resource_exhausted` for its limits and for the graph's recursion limit, `deadline_exceeded` for timeouts,
 * `invalid_argument` for messages that the model cannot take and for chunks without a mode, `canceled` for an abort, else `internal`.
 *
 * Leaving the loop early stops the reading; give the graph the run's `signal` to stop the work.
 *
 * @example
 * ```ts
 * const queryHandler = async function* (request, context) {
 *   const config = { ...toRunnableConfig(context), streamMode: ["messages", "updates"] };
 *   yield* fromLangGraph(graph.stream({ messages: toLangChainMessages(request.input) }, config));
 * };
 * ```
 */
export function fromLangGraph(
  stream: AsyncIterable<unknown> | PromiseLike<AsyncIterable<unknown>>,
  options: FromLangGraphOptions = {},
): AsyncGenerator<AgentOutput> {
  return readGraph(stream, new StreamReader(options));
}

/** The same with a reader of one's own, which knows afterwards how the stream went. */
export function readGraph(
  stream: AsyncIterable<unknown> | PromiseLike<AsyncIterable<unknown>>,
  reader: StreamReader,
): AsyncGenerator<AgentOutput> {
  return readOutputs(
    stream,
    {
      read: (chunk) => reader.read(parseGraphEvent(chunk)),
      close: ({ broken }) => (broken ? [] : reader.end()),
    },
    { toError: fromLangGraphError },
  );
}
