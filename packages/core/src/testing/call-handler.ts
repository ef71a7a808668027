import { decodeEvents, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import type { HttpHandler, HttpReply } from "../http.ts";

export interface HandlerCall {
  /** Default POST. */
  readonly method?: string;
  /** May have a query. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; bytes as they are. */
  readonly body?: unknown;
  /** Abort it to hang up. */
  readonly signal?: AbortSignal;
}

/** Calls a handler without a port. Throws `not_found` when it leaves the request to the next handler. */
export async function callHandler(handle: HttpHandler, call: HandlerCall): Promise<HttpReply> {
  const { method = "POST", headers = {}, body, signal = new AbortController().signal } = call;
  const [path = "", search = ""] = call.path.split("?");
  const reply = await handle({
    method,
    path,
    search,
    headers,
    signal,
    readJson: () => Promise.resolve(body),
    readBytes: () => pieces(body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body))),
  });
  if (reply === undefined) throw new RuntimeError("not_found", `No route answers ${method} ${call.path}.`);
  return reply;
}

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* all;
}

/** The events of a reply that streams, as a client decodes them. */
export async function* eventsOf(reply: HttpReply): AsyncGenerator<AgentEvent, void, undefined> {
  const { body } = reply;
  if (body === undefined || !("sse" in body)) {
    throw new RuntimeError("invalid_argument", `The reply does not stream: ${JSON.stringify(reply)}`);
  }
  yield* decodeEvents(bytesOf(body.sse));
}

/** The JSON of a reply that does not stream. */
export function jsonOf(reply: HttpReply): unknown {
  const { body } = reply;
  if (body !== undefined && "json" in body) return JSON.parse(JSON.stringify(body.json));
  if (body !== undefined && "text" in body) return JSON.parse(body.text);
  throw new RuntimeError("invalid_argument", "The reply has no JSON body.");
}

async function* bytesOf(chunks: AsyncIterable<string>): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const chunk of chunks) yield encoder.encode(chunk);
}
