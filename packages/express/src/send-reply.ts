import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { HttpReply } from "@agentscope-runtime/core";
import type { OpenAnswers } from "./open-answers.ts";
import { sendEvents } from "./send-events.ts";

const json = "application/json; charset=utf-8";

/** Writes a reply. Events go on being written when this resolves. */
export async function sendReply(reply: HttpReply, response: ServerResponse, answers: OpenAnswers): Promise<void> {
  const { status, headers, body } = reply;
  if (response.destroyed) return;
  if (body === undefined) {
    response.writeHead(status, headers);
    response.end();
  } else if ("sse" in body) {
    response.writeHead(status, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      // nginx would collect the events otherwise.
      "x-accel-buffering": "no",
    });
    sendEvents(body.sse, response, answers);
  } else if ("bytes" in body) {
    response.writeHead(status, { ...headers, "content-type": body.contentType });
    // Waits for a slow reader, and leaves the loop when the reader has gone.
    await pipeline(body.bytes, response).catch((thrown: unknown) => {
      if (!response.destroyed) throw thrown;
    });
  } else {
    const text = "text" in body ? body.text : JSON.stringify(body.json);
    const type = "text" in body ? body.contentType : json;
    response.writeHead(status, { ...headers, "content-type": type, "content-length": Buffer.byteLength(text) });
    response.end(text);
  }
}
