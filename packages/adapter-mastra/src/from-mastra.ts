import { readOutputs } from "@agentscope-runtime/core";
import type { AgentOutput } from "@agentscope-runtime/core";
import { ChunkReader } from "./chunk-reader.ts";
import { fromMastraError } from "./from-mastra-error.ts";
import { toNetworkChunk } from "./mastra-chunk.ts";
import type { MastraAgentChunk, MastraChunk } from "./mastra-chunk.ts";
import { NetworkReader } from "./network-reader.ts";

/** The chunks of a stream of Mastra 1, as `ChunkType` of `@mastra/core/stream` declares them. */
export type MastraStream = AsyncIterable<MastraChunk>;

/** What the adapter reads of `agent.stream()`; what `agent.network()` returns is the chunks themselves. */
export type MastraResult = { readonly fullStream: MastraStream } | MastraStream;

export interface FromMastraOptions {
  /** Names of the tools that the client runs, Mastra's `clientTools`. Their calls become `function_call`. Default: none. */
  readonly clientTools?: readonly string[];
}

/**
 * Turns what `stream`, `resumeStream` or `network` of an agent of Mastra's returns into what a query handler yields.
 *
 * Everything keeps Mastra's order. Usage is reported once per model call, that of agents inside included. An agent that is a
 * tool tells its text as the result so far, and its calls under ids of their own. A tool that waits for a person becomes an
 * `approval.request`, whose id finds the call again in another process: `fromMastraAgent` goes on there.
 *
 * Throws a RuntimeError: those of `fromMastraError`, and `canceled` when the call was aborted.
 *
 * Leaving the loop early stops the reading but not the agent. Hand `stream` the run's `signal` as `abortSignal`: that stops it.
 */
export function fromMastra(
  result: MastraResult | PromiseLike<MastraResult>,
  options: FromMastraOptions = {},
): AsyncGenerator<AgentOutput> {
  const stream = Promise.resolve(result).then((value) => ("fullStream" in value ? value.fullStream : value));
  // It may fail before anybody reads, or nobody may ever read; who reads gets the failure.
  stream.catch(() => undefined);
  const reader = new ChunkReader(options.clientTools ?? []);
  const network = new NetworkReader(reader);
  const read = (chunk: MastraChunk): Iterable<AgentOutput> => {
    const ofNetwork = toNetworkChunk(chunk);
    // Mastra's word: a chunk with one of our types has our fields. Chunks of other types fall through the reader.
    return ofNetwork === undefined ? reader.read(chunk as MastraAgentChunk) : network.read(ofNetwork);
  };
  return readOutputs(stream, { read }, { toError: fromMastraError });
}
