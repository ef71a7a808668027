import type { HttpReply, HttpRequest } from "@agentscope-runtime/core";
import type { Backlog } from "./backlog.ts";

/** The headers that MCP's library reads. */
const read = /^(accept|content-type|mcp-.*)$/;

/** A request as MCP's library takes it, without the body, which is read already. */
export function toWebRequest({ method, headers, signal }: HttpRequest): Request {
  const kept = Object.entries(headers).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && read.test(entry[0]),
  );
  // The library looks at no path and no host.
  return new Request("http://mcp.invalid/", { method, headers: kept, signal });
}

/** A response of MCP's library as a reply. */
export async function toReply(response: Response, backlog: Backlog): Promise<HttpReply> {
  const { status, body } = response;
  const headers = Object.fromEntries(response.headers);
  const { "content-type": contentType = "application/json", connection: _connection, ...rest } = headers;
  if (body === null) return { status, headers: rest };
  if (contentType.startsWith("text/event-stream"))
    return { status, headers: rest, body: { bytes: backlog.read(body), contentType } };
  return { status, headers: rest, body: { text: await response.text(), contentType } };
}
