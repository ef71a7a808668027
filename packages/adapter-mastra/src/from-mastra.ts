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
  const started = Promise.resolve(result);
  // It may fail before anybody reads, or nobody may ever read; who reads gets the failure.
  started.catch(() => undefined);
  return outputs(started, new ChunkReader(options.clientTools ?? []));
}

async function* outputs(started: Promise<MastraResult>, reader: ChunkReader): AsyncGenerator<AgentOutput> {
  const network = new NetworkReader(reader);
  for await (const chunk of chunks(started)) {
    const ofNetwork = toNetworkChunk(chunk);
    // Mastra's word: a chunk with one of our types has our fields. Chunks of other types fall through the reader.
    if (ofNetwork === undefined) yield* reader.read(chunk as MastraAgentChunk);
    else yield* network.read(ofNetwork);
  }
}

async function* chunks(started: Promise<MastraResult>): AsyncGenerator<MastraChunk> {
  try {
    const result = await started;
    yield* "fullStream" in result ? result.fullStream : result;
  } catch (thrown) {
    throw fromMastraError(thrown);
  }
}
