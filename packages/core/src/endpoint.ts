import { parse } from "@agentscope-runtime/protocol";
import type { z } from "zod";
import type { HttpReply } from "./http.ts";
import type { Identity } from "./identity.ts";
import type { HttpMethod, Route, RouteRequest } from "./route.ts";
import { valueFrames } from "./sse-frames.ts";

/** What a custom endpoint's handler is given. */
export interface EndpointRequest<Body> {
  readonly body: Body;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly identity: Identity | undefined;
  /** Aborts when the caller hangs up. */
  readonly signal: AbortSignal;
}

export interface EndpointOptions<S extends z.ZodType> {
  /** Such as `/reports/:id`. */
  readonly path: string;
  /** Default POST. */
  readonly method?: HttpMethod;
  readonly summary?: string;
  /** The body must be this; without a schema it is any JSON. */
  readonly body?: S;
  /** Answers without authentication. Default false. */
  readonly public?: boolean;
  /**
   * What it returns is the answer, as JSON; an async iterable, such as an async generator's, is streamed as server-sent
   * events, one JSON value each. What it throws is an error reply, or, in a stream, an error line.
   */
  readonly handler: (request: EndpointRequest<z.output<S>>) => unknown;
}

/**
 * A path of your own next to the runtime's.
 *
 * @example
 * ```ts
 * endpoint({ path: "/add", body: z.object({ a: z.number(), b: z.number() }), handler: ({ body }) => body.a + body.b });
 * ```
 */
export function endpoint<S extends z.ZodType = z.ZodUnknown>(options: EndpointOptions<S>): EndpointFactory {
  const { path, method = "POST", summary = `${method} ${path}`, body, handler } = options;
  return (maxBodyBytes) => ({
    method,
    path,
    public: options.public ?? false,
    doc: { summary, tag: "custom", ...(body === undefined ? {} : { body }) },
    async handle(request) {
      const value = method === "GET" || method === "DELETE" ? undefined : await request.http.readJson(maxBodyBytes);
      // Without a schema, S is unknown, and so is the body.
      const parsed = (body === undefined ? value : parse(body, value, "body")) as z.output<S>;
      return replyOf(await handler(endpointRequest(request, parsed)));
    },
  });
}

/** Becomes a route when the app knows how large a body may be. */
export type EndpointFactory = (maxBodyBytes: number) => Route;

function endpointRequest<Body>({ http, params, query, identity }: RouteRequest, body: Body): EndpointRequest<Body> {
  return { body, params, query, headers: http.headers, identity, signal: http.signal };
}

function replyOf(value: unknown): HttpReply {
  if (typeof value === "object" && value !== null && Symbol.asyncIterator in value) {
    return { status: 200, body: { sse: valueFrames(value as AsyncIterable<unknown>) } };
  }
  return value === undefined ? { status: 204 } : { status: 200, body: { json: value } };
}
