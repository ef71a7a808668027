import { errorReply, parseJsonBody } from "@agentscope-runtime/core";
import type { HttpHandler, HttpRequest } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Request, RequestHandler } from "express";
import { readBody, readPieces } from "./read-body.ts";
import { sendReply } from "./send-reply.ts";

export interface ToExpressOptions {
  /** A comment is sent on a stream that was silent this long, so that proxies keep it. Milliseconds, default 15,000. */
  readonly keepAliveMs?: number;
}

const defaultKeepAliveMs = 15_000;

/** One for all requests: making an error for each that ends would cost more than the rest of the hang-up. */
const hungUp = new RuntimeError("canceled", "The caller hung up.");

/**
 * Mounts a handler anywhere in an Express app: `app.use("/agent", toExpress(agentApp.handle))`. What the handler does not
 * answer goes to the next one. Works with and without `express.json()` in front.
 */
export function toExpress(
  handle: HttpHandler,
  { keepAliveMs = defaultKeepAliveMs }: ToExpressOptions = {},
): RequestHandler {
  return (request, response, next) => {
    const hangUp = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) hangUp.abort(hungUp);
    });
    handle(toHttpRequest(request, hangUp.signal))
      .then(async (reply) => {
        if (reply === undefined) next();
        else await sendReply(reply, response, keepAliveMs);
      })
      .catch(async (thrown: unknown) => {
        // Only what happens while the reply is written comes here: before its head it is an error reply, after it the
        // connection has to break, so that nobody takes half an answer for a whole one.
        if (response.headersSent) response.destroy();
        else await sendReply(errorReply(thrown), response, keepAliveMs);
      });
  };
}

function toHttpRequest(request: Request, signal: AbortSignal): HttpRequest {
  const [path = "/", ...search] = request.url.split("?");
  const headers = request.headers as Readonly<Record<string, string | undefined>>; // Only set-cookie is a list, in replies.
  return {
    method: request.method,
    path,
    search: search.join("?"),
    headers,
    signal,
    // A middleware before this one may have read the body.
    readJson: async (maxBytes) =>
      request.body === undefined
        ? parseJsonBody(headers, await readBody(request, maxBytes))
        : (request.body as unknown),
    readBytes: (maxBytes) => readPieces(request, maxBytes),
  };
}
