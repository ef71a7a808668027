import type { RuntimeError } from "@agentscope-runtime/protocol";
import type { z } from "zod";
import type { HttpReply, HttpRequest } from "./http.ts";
import type { Identity } from "./identity.ts";

export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A request that found its route. */
export interface RouteRequest {
  readonly http: HttpRequest;
  /** By name, decoded: `{ runId: "…" }` for `/runs/:runId`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Undefined when the app has no `authenticate`, or the route is public. */
  readonly identity: Identity | undefined;
}

/** How a route is told in the OpenAPI document. */
export interface RouteDoc {
  readonly summary: string;
  readonly tag?: string;
  /** The JSON body it takes. */
  readonly body?: z.ZodType;
  /** The query parameters it takes. */
  readonly query?: z.ZodObject;
  /** The JSON it answers with; none means no body. */
  readonly reply?: z.ZodType;
  /** The events it streams, as server-sent events. */
  readonly events?: z.ZodType;
  /** The JSON of a refusal, where the route's `errorReply` gives one of its own. */
  readonly error?: z.ZodType;
  /** The status of a good answer. Default 200. */
  readonly status?: number;
}

/** One path of an app. What its handler throws becomes an error reply. */
export interface Route {
  readonly method: HttpMethod;
  /**
   * Begins with a slash; a segment that begins with a colon is a parameter. A last segment that begins with `*` is the rest of
   * the path, slashes and all, as it came: `/files/*path`.
   */
  readonly path: string;
  /** Answers without authentication. Default false. */
  readonly public?: boolean;
  readonly doc: RouteDoc;
  handle(request: RouteRequest): Promise<HttpReply> | HttpReply;
  /**
   * Puts an error into the words of the route's protocol: what the handler threw, and what went wrong before it was called,
   * such as missing authentication. Default: our own error body.
   */
  readonly errorReply?: (error: RuntimeError) => HttpReply;
}
