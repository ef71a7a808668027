import type { Takeable } from "./takeable.ts";

/** An HTTP request with no framework in it. Tests pass plain objects. */
export interface HttpRequest {
  /** In capitals. */
  readonly method: string;
  /** Relative to where the handler is mounted, undecoded, without the query. */
  readonly path: string;
  /** What follows the `?`, without it; "" when there is none. */
  readonly search: string;
  /** By lower-case name; repeated headers are joined by ", ". */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Aborts when the caller hangs up. */
  readonly signal: AbortSignal;
  /**
   * The body as JSON; undefined when there is none. Throws `payload_too_large` above the limit, in bytes, and
   * `invalid_argument` when it is not JSON.
   */
  readJson(maxBytes: number): Promise<unknown>;
  /**
   * The body as it comes, for what is not JSON. Throws `payload_too_large` above the limit, in bytes. Read a body in one of the two
   * ways, and once.
   */
  readBytes(maxBytes: number): AsyncIterable<Uint8Array>;
}

/** What is sent back: a value as JSON, a text, server-sent events or bytes as they come, or nothing. */
export type HttpBody =
  | { readonly json: unknown }
  | { readonly text: string; readonly contentType: string }
  /** Bytes as they come, of a stream that is not server-sent events. */
  | { readonly bytes: AsyncIterable<Uint8Array>; readonly contentType: string }
  /** Whole frames. The server may join the frames of one tick, adds keep-alive comments, and leaves the loop on a hang-up. */
  | { readonly sse: AsyncIterable<string> | Takeable<string> };

export interface HttpReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
}

/** Answers a request, or returns undefined to let the next handler try. It does not throw. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpReply | undefined>;
