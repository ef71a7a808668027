import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  /** "" when there was none. */
  readonly body: string;
}

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  /** The requests so far, in order. */
  readonly received: readonly Received[];
}

/** Answers the n-th request; what it does not end stays open. */
export type Script = (response: ServerResponse, request: Received, number: number) => void;

/** A server that is no runtime: it answers what the script says. */
export async function openScriptedServer(script: Script): Promise<ScriptedServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const whole = { method, url, headers, body: Buffer.concat(chunks).toString() };
      script(response, whole, received.push(whole));
    });
  });
  const { promise, resolve } = Promise.withResolvers<undefined>();
  server.listen(0, "127.0.0.1", () => {
    resolve(undefined);
  });
  await promise;
  const address = server.address() as AddressInfo; // A string only for a pipe, null only before listening.
  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    async [Symbol.asyncDispose]() {
      const { promise: closed, resolve: onClosed } = Promise.withResolvers<undefined>();
      server.close(() => {
        onClosed(undefined);
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Sends a stream of events: each as one `data:` line, as the Python runtime does. */
export function sendLines(response: ServerResponse, values: readonly unknown[]): void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  for (const value of values) response.write(`data: ${JSON.stringify(value)}\n\n`);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
