import type { HttpReply, HttpRequest } from "./http.ts";

/** Which web pages of other origins may call the app. */
export interface CorsOptions {
  /** Such as `https://chat.example.com`; "*" allows every page, but never with cookies. */
  readonly origins: readonly string[] | "*";
}

const exposed = "x-run-id, retry-after";
const methods = "GET, POST, PUT, PATCH, DELETE";
const preflightSeconds = "600";

/** The headers that a reply to this request needs; none for a page that may not read it. */
export function corsHeaders({ origins }: CorsOptions, { headers }: HttpRequest): Readonly<Record<string, string>> {
  const { origin } = headers;
  if (origin === undefined) return {};
  if (origins === "*") return { "access-control-allow-origin": "*", "access-control-expose-headers": exposed };
  if (!origins.includes(origin)) return { vary: "origin" };
  return { "access-control-allow-origin": origin, "access-control-expose-headers": exposed, vary: "origin" };
}

/** The answer to a browser's question before the real request; undefined when this is not one. */
export function preflightReply(options: CorsOptions, request: HttpRequest): HttpReply | undefined {
  const { method, headers } = request;
  if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined) return undefined;
  return {
    status: 204,
    headers: {
      ...corsHeaders(options, request),
      "access-control-allow-methods": methods,
      "access-control-allow-headers": headers["access-control-request-headers"] ?? "*",
      "access-control-max-age": preflightSeconds,
    },
  };
}
