import type { AgentEvent } from "@agentscope-runtime/protocol";
import type { UIChunk } from "./ui-chunk.ts";
import { ChunkWriter } from "./ui-chunk-writer.ts";
import type { ToUIMessageStreamOptions } from "./ui-chunk-writer.ts";

/**
 * A run's events as the UI message stream of AI SDK 6 and 7: for `createUIMessageStreamResponse`, for `readUIMessageStream`, and for
 * transports of `useChat`. A stream from the first event on is a whole replay, as `resume` of `useChat` wants it.
 *
 * A run that failed ends with an `error`, a canceled one with an `abort`. Canceling the stream leaves the loop over the events.
 *
 * @example
 * ```ts
 * const events = client.run({ input: fromUIMessages(messages.slice(-1)), session_id: id });
 * return createUIMessageStreamResponse({ stream: toUIMessageStream(events) });
 * ```
 */
export function toUIMessageStream(
  events: AsyncIterable<AgentEvent>,
  options: ToUIMessageStreamOptions = {},
): ReadableStream<UIChunk> {
  const told = chunks(events, new ChunkWriter(options));
  // Not ReadableStream.from, which few browsers have.
  return new ReadableStream(
    {
      pull: async (controller) => {
        const next = await told.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: async () => {
        await told.return();
      },
    },
    { highWaterMark: 0 },
  );
}

async function* chunks(
  events: AsyncIterable<AgentEvent>,
  writer: ChunkWriter,
): AsyncGenerator<UIChunk, void, undefined> {
  for await (const event of events) yield* writer.write(event);
}
