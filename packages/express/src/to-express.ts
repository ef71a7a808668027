import type { HttpHandler } from "@agentscope-runtime/core";
import type { RequestHandler } from "express";
import { answerRequest } from "./answer-request.ts";
import { OpenAnswers } from "./open-answers.ts";

export interface ToExpressOptions {
  /** A comment is sent on a stream that was silent this long, so that proxies keep it. Milliseconds, default 15,000. */
  readonly keepAliveMs?: number;
}

/** Where nothing is said. */
export const defaultKeepAliveMs = 15_000;

/**
 * Mounts a handler anywhere in an Express app: `app.use("/agent", toExpress(agentApp.handle))`. What the handler does not
 * answer goes to the next one. Works with and without `express.json()` in front.
 */
export function toExpress(
  handle: HttpHandler,
  { keepAliveMs = defaultKeepAliveMs }: ToExpressOptions = {},
): RequestHandler {
  const answers = new OpenAnswers(keepAliveMs);
  return (request, response, next) => {
    void answerRequest(handle, { request, response }, answers).then((isAnswered) => {
      if (!isAnswered) next();
    });
  };
}
