import { createParser } from "eventsource-parser";
import { RuntimeError } from "./runtime-error.ts";

export interface SseMessage {
  /** The last id seen in the stream, also from an earlier message; "" before the first. */
  readonly id: string;
  /** "message" unless the server named it. */
  readonly event: string;
  readonly data: string;
}

export interface DecodeSseOptions {
  /** The longest message that is accepted, in characters. Default 16 Mi. A longer one ends in `payload_too_large`. */
  readonly maxMessageLength?: number;
}

const defaultMaxMessageLength = 16 * 1024 * 1024;

/**
 * Reads `text/event-stream` bytes, however the network cut them. `fetch`'s `response.body`, a Node stream and any
 * iterable of chunks will do. Comments are left out.
 */
export async function* decodeSse(
  chunks: AsyncIterable<Uint8Array>,
  { maxMessageLength = defaultMaxMessageLength }: DecodeSseOptions = {},
): AsyncGenerator<SseMessage, void, undefined> {
  const messages: SseMessage[] = [];
  let lastId = "";
  const parser = createParser({
    maxBufferSize: maxMessageLength,
    onId: (id) => {
      lastId = id;
    },
    onEvent: ({ event = "message", data }) => {
      messages.push({ id: lastId, event, data });
    },
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") throw tooLong(maxMessageLength);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* messages.splice(0);
  }
}

function tooLong(maxMessageLength: number): RuntimeError {
  return new RuntimeError("payload_too_large", `A server-sent event is longer than ${maxMessageLength} characters.`, {
    details: { maxMessageLength },
  });
}
