import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ProviderServer extends AsyncDisposable {
  readonly baseURL: string;
  /** What the SDK has sent, one body per request. */
  readonly bodies: readonly Record<string, unknown>[];
}

/** What the provider answers: the events of a stream, or an error. */
export type ProviderAnswer =
  | readonly object[]
  | { readonly status: number; readonly body: object }
  /** The connection breaks after these events. */
  | { readonly broken: readonly object[] };

/** A provider on this machine that answers each request with what is next. */
export async function openProviderServer(...answers: readonly ProviderAnswer[]): Promise<ProviderServer> {
  const bodies: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    void reply(request, response);
  });
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = (await Array.fromAsync(request.setEncoding("utf8"))).join("");
    bodies.push(JSON.parse(text) as Record<string, unknown>);
    const answer = answers[bodies.length - 1] ?? [];
    if ("status" in answer) {
      response.writeHead(answer.status, { "content-type": "application/json", "x-should-retry": "false" });
      response.end(JSON.stringify(answer.body));
      return;
    }
    const isBroken = "broken" in answer;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of isBroken ? answer.broken : answer) {
      const type = "type" in event ? `event: ${String(event.type)}\n` : "";
      response.write(`${type}data: ${JSON.stringify(event)}\n\n`);
    }
    if (isBroken) response.write("data: {", () => response.destroy());
    else response.end("data: [DONE]\n\n");
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    bodies,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
