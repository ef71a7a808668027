import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentOutput } from "../agent-output.ts";
import { fromModelError } from "../adapter/from-model-error.ts";
import { ChatChunkReader } from "./chat-chunk-reader.ts";
import { ResponseEventReader } from "./response-event-reader.ts";
import type { ResponseEvent } from "./response-event-reader.ts";

/** Chunks of chat completions, or events of responses, as OpenAI's clients and servers that speak like OpenAI give them. */
export type OpenAIStream = AsyncIterable<object>;

export interface FromOpenAIStreamOptions {
  /** Names of the tools that the client runs. Their calls become `function_call`. Default: none, so all are the agent's own. */
  readonly clientTools?: readonly string[];
}

/**
 * Turns a raw stream of OpenAI's API, or of a server that speaks it, into what a query handler yields: chat completions and
 * responses, with `stream: true`. The calls are told and not run: yield their results yourself, or name `clientTools`.
 *
 * Of several choices the first is read. Usage is told once, at the end. An answer that is cut off is `incomplete`, also one whose
 * stream ends before the model has said that it is done (`interrupted`). Tools that the provider runs come with their results.
 *
 * Throws a RuntimeError without the provider's words, as `fromModelError` says.
 *
 * @example
 * ```ts
 * query: ({ input }, { signal }) =>
 *   fromOpenAIStream(openai.chat.completions.create({ model, messages: toMessages(input), stream: true }, { signal }))
 * ```
 */
export function fromOpenAIStream(
  stream: OpenAIStream | PromiseLike<OpenAIStream>,
  options: FromOpenAIStreamOptions = {},
): AsyncGenerator<AgentOutput> {
  const started = Promise.resolve(stream);
  // It may fail before anybody reads, or nobody may ever read; who reads gets the failure.
  started.catch(() => undefined);
  return outputs(started, new Set(options.clientTools));
}

interface Reader {
  read(event: object): Generator<AgentOutput>;
  /** What is still open. A stream that broke has no end to tell. */
  close(how: { readonly broken: boolean }): Generator<AgentOutput>;
}

async function* outputs(started: Promise<OpenAIStream>, clientTools: ReadonlySet<string>): AsyncGenerator<AgentOutput> {
  let reader: Reader | undefined;
  try {
    for await (const event of checked(await started)) {
      reader ??= readerOf(event, clientTools);
      // Not `yield*`, which waits several times for each output of a generator that is not async.
      for (const output of reader.read(event)) yield output;
    }
  } catch (thrown) {
    yield* reader?.close({ broken: true }) ?? [];
    throw fromModelError(thrown);
  }
  yield* reader?.close({ broken: false }) ?? [{ type: "incomplete", reason: "interrupted" }];
}

function readerOf(first: object, clientTools: ReadonlySet<string>): Reader {
  if (!("type" in first)) {
    const chat = new ChatChunkReader(clientTools);
    return { read: (chunk) => chat.read(chunk), close: (how) => chat.close(how) };
  }
  const responses = new ResponseEventReader(clientTools);
  // The provider's word: an event of a type that we know has its fields.
  return { read: (event) => responses.read(event as ResponseEvent), close: (how) => responses.close(how) };
}

/** The easiest mistake: an answer that was not streamed. */
function checked(stream: unknown): OpenAIStream {
  if (typeof stream === "object" && stream !== null && Symbol.asyncIterator in stream) return stream as OpenAIStream;
  throw new RuntimeError("internal", "fromOpenAIStream was given no stream: ask with `stream: true`.");
}
