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
  /** The longest `data` of one message, in characters. Default 16 Mi. A longer one ends in `payload_too_large`. */
  readonly maxMessageLength?: number;
}

const defaultMaxMessageLength = 16 * 1024 * 1024;

/** Room for field names, an id and a name: the parser's own limit counts them too, but only in messages that were cut. */
const framingLength = 1024;

/**
 * Reads `text/event-stream` bytes, however the network cut them. `fetch`'s `response.body`, a Node stream and any
 * iterable of chunks will do; leaving the loop early ends it. Comments and messages without data are left out, and so
 * is a message that the end of the stream cut off.
 */
export async function* decodeSse(
  chunks: AsyncIterable<Uint8Array>,
  { maxMessageLength = defaultMaxMessageLength }: DecodeSseOptions = {},
): AsyncGenerator<SseMessage, void, undefined> {
  const found: (SseMessage | RuntimeError)[] = [];
  let lastId = "";
  const parser = createParser({
    maxBufferSize: maxMessageLength + framingLength,
    onId: (id) => {
      lastId = id;
    },
    onEvent: ({ event = "message", data }) => {
      if (data === "") return;
      found.push(data.length > maxMessageLength ? tooLong(maxMessageLength) : { id: lastId, event, data });
    },
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") found.push(tooLong(maxMessageLength));
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    for (const message of found.splice(0)) {
      if (message instanceof RuntimeError) throw message;
      yield message;
    }
  }
}

function tooLong(maxMessageLength: number): RuntimeError {
  return new RuntimeError("payload_too_large", `A server-sent event is longer than ${maxMessageLength} characters.`, {
    details: { maxMessageLength },
  });
}
