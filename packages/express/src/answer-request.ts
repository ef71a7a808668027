import type { IncomingMessage, ServerResponse } from "node:http";
import { errorReply, parseJsonBody } from "@agentscope-runtime/core";
import type { HttpHandler, HttpRequest } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { OpenAnswers } from "./open-answers.ts";
import { readBody, readPieces } from "./read-body.ts";
import { sendReply } from "./send-reply.ts";

/** One for all requests: making an error for each that ends would cost more than the rest of the hang-up. */
const hungUp = new RuntimeError("canceled", "The caller hung up.");

/** Has a handler answer a request of Node's server. False when it leaves it to somebody else. Never rejects. */
export async function answerRequest(
  handle: HttpHandler,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  answers: OpenAnswers,
): Promise<boolean> {
  const hangUp = new AbortController();
  answers.begin();
  response.on("close", () => {
    answers.end();
    if (!response.writableFinished) hangUp.abort(hungUp);
  });
  try {
    const reply = await handle(toHttpRequest(request, hangUp.signal));
    if (reply === undefined) return false;
    await sendReply(reply, response, answers);
  } catch (thrown) {
    // Only what happens while the reply is written comes here: before its head it is an error reply, after it the
    // connection has to break, so that nobody takes half an answer for a whole one.
    if (response.headersSent) response.destroy();
    else await sendReply(errorReply(thrown), response, answers);
  }
  return true;
}

function toHttpRequest(request: IncomingMessage & { readonly body?: unknown }, signal: AbortSignal): HttpRequest {
  const [path = "/", ...search] = (request.url ?? "/").split("?");
  const headers = request.headers as Readonly<Record<string, string | undefined>>; // Only set-cookie is a list, in replies.
  return {
    method: request.method ?? "",
    path,
    search: search.join("?"),
    headers,
    signal,
    // A middleware before this one may have read the body.
    readJson: async (maxBytes) =>
      request.body === undefined ? parseJsonBody(headers, await readBody(request, maxBytes)) : request.body,
    readBytes: (maxBytes) => readPieces(request, maxBytes),
  };
}
