import type { Event } from "@ag-ui/core";
import { AGUI_MEDIA_TYPE, EventEncoder } from "@ag-ui/encoder";
import type { HttpReply } from "@agentscope-runtime/core";
import { encodeFrame } from "@agentscope-runtime/protocol";

export interface EventReplyOptions {
  /** The request's header of that name. */
  readonly accept: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Events as server-sent events, or as frames of protobuf where the client takes these. */
export function eventReply(
  batches: AsyncIterable<readonly Event[]>,
  { accept, headers = {} }: EventReplyOptions,
): HttpReply {
  const encoder = new EventEncoder(accept === undefined ? {} : { accept });
  if (encoder.getContentType() !== AGUI_MEDIA_TYPE) return { status: 200, headers, body: { sse: frames(batches) } };
  return { status: 200, headers, body: { bytes: binaryFrames(batches, encoder), contentType: AGUI_MEDIA_TYPE } };
}

async function* frames(batches: AsyncIterable<readonly Event[]>): AsyncGenerator<string, void, undefined> {
  for await (const events of batches) yield events.map((event) => encodeFrame(null, JSON.stringify(event))).join("");
}

async function* binaryFrames(
  batches: AsyncIterable<readonly Event[]>,
  encoder: EventEncoder,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const events of batches) yield Buffer.concat(events.map((event) => encoder.encodeBinary(event)));
}
