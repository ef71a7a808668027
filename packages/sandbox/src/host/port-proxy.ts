import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { HttpReply, HttpRequest, Socket } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { WebSocket } from "ws";
import type { RawData } from "ws";

/** What is meant for one connection only, or would act on this server instead of on the one behind it. */
const notPassedOn = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "authorization",
  "cookie",
  "set-cookie",
  "host",
  "content-length",
  "strict-transport-security",
]);

const maxBodyBytes = 1024 * 1024 * 1024;

/** Asks a server in a sandbox what a caller asked here. Credentials for this server stay here, and the other's cookies there. */
export async function proxyHttp(connection: Duplex, request: HttpRequest, path: string): Promise<HttpReply> {
  const { method, search, signal } = request;
  const outgoing = httpRequest({
    // What this asks for is the connection that is there.
    createConnection: () => connection,
    method,
    path: search === "" ? path : `${path}?${search}`,
    headers: { ...passedOn(request.headers), host: "localhost", connection: "close" },
    signal,
  });
  const sending = pipeline(Readable.from(request.readBytes(maxBodyBytes)), outgoing);
  const answering = once(outgoing, "response") as Promise<[IncomingMessage]>;
  try {
    const [[response]] = await Promise.all([answering, sending]);
    const { "content-type": contentType = "application/octet-stream", ...headers } = passedOn(response.headers);
    return { status: response.statusCode ?? 502, headers, body: { bytes: response, contentType } };
  } catch (cause) {
    connection.destroy();
    throw RuntimeError.is(cause)
      ? cause
      : new RuntimeError("unavailable", "The server in the sandbox did not answer.", { cause });
  }
}

/** Joins a caller's WebSocket and one to a server in a sandbox. */
export async function proxySocket(connection: Duplex, socket: Socket, path: string): Promise<void> {
  const inner = new WebSocket(`ws://localhost${path}`, { createConnection: () => connection as never });
  const closed = once(inner, "close");
  inner.on("error", () => undefined); // It closes, too.
  inner.on("message", (data: RawData, isBinary: boolean) => {
    inner.pause();
    const bytes = data as Buffer; // Of a socket whose `binaryType` is not changed.
    void socket.send(isBinary ? bytes : bytes.toString()).then(() => {
      inner.resume();
    });
  });
  inner.once("close", () => {
    socket.close();
  });
  await Promise.race([once(inner, "open"), closed]);
  for await (const message of socket.messages) {
    if (inner.readyState !== WebSocket.OPEN) break;
    await new Promise((sent) => {
      inner.send(message, sent);
    });
  }
  inner.terminate();
  await closed;
}

function passedOn(headers: Readonly<Record<string, string | readonly string[] | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string" && !notPassedOn.has(name)) kept[name] = value;
  }
  return kept;
}
