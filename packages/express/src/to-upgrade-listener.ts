import { ServerResponse } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";
import { errorReply } from "@agentscope-runtime/core";
import type { HttpReply, HttpRequest, SocketGrant, UpgradeHandler } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { WebSocketServer } from "ws";
import { OpenAnswers } from "./open-answers.ts";
import { sendReply } from "./send-reply.ts";
import { defaultKeepAliveMs } from "./to-express.ts";
import { WsSocket } from "./ws-socket.ts";

export interface ToUpgradeListenerOptions {
  /** Where the app is mounted, such as "/agent"; requests elsewhere are left to the server's other listeners. Default: everywhere. */
  readonly path?: string;
  /** How often the other side is asked whether it is still there, in milliseconds. Default 15,000. */
  readonly keepAliveMs?: number;
}

/** For the event "upgrade" of Node's server. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Opens the WebSockets of an app on a server of your own: `server.on("upgrade", toUpgradeListener(agentApp.upgrade))`. `serve`
 * does so by itself.
 */
export function toUpgradeListener(
  upgrade: UpgradeHandler,
  { path: base = "", keepAliveMs = defaultKeepAliveMs }: ToUpgradeListenerOptions = {},
): UpgradeListener {
  return (request, socket, head) => {
    const path = pathBelow(base, request.url ?? "/");
    if (path === undefined) return;
    answer(request, path, socket, head).catch(() => {
      // Only what happens while a refusal is written comes here.
      socket.destroy();
    });
  };

  async function answer(request: IncomingMessage, path: string, socket: Duplex, head: Buffer): Promise<void> {
    const hangUp = new AbortController();
    const onClose = (): void => {
      hangUp.abort(new RuntimeError("canceled", "The caller hung up."));
    };
    // An error of the connection closes it.
    socket.on("error", ignore).once("close", onClose);
    const granted = isWebSocketRequest(request)
      ? await upgrade(toHttpRequest(request, path, hangUp.signal))
      : errorReply(new RuntimeError("invalid_argument", "Invalid header: upgrade: only websocket is served here."));
    if (granted !== undefined && "talk" in granted) {
      open(request, socket, head, granted);
    } else {
      await refuse(request, socket, granted ?? nothingAt(path));
    }
  }

  function open(request: IncomingMessage, socket: Duplex, head: Buffer, grant: SocketGrant): void {
    const opening = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: grant.maxMessageBytes });
    opening.handleUpgrade(request, socket, head, (opened) => {
      socket.off("error", ignore);
      void grant.talk(new WsSocket(opened, keepAliveMs));
    });
  }
}

/** Whether a request wants a WebSocket; Java's client, for one, wants HTTP/2 and is glad of any answer. */
export function isWebSocketRequest({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

function pathBelow(base: string, url: string): string | undefined {
  if (base === "" || base === "/") return url;
  const rest = url.startsWith(base) ? url.slice(base.length) : undefined;
  return rest === undefined || rest === "" || rest.startsWith("/") || rest.startsWith("?") ? rest : undefined;
}

function toHttpRequest(request: IncomingMessage, url: string, signal: AbortSignal): HttpRequest {
  const [path = "", ...search] = url.split("?");
  return {
    method: "GET",
    path: path === "" ? "/" : path,
    search: search.join("?"),
    headers: request.headers as Readonly<Record<string, string | undefined>>, // Only set-cookie is a list, in replies.
    signal,
    readJson: () => Promise.resolve(undefined),
    readBytes: nothing,
  };
}

/** A request that asks for a socket has no body. */
async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

async function refuse(request: IncomingMessage, socket: Duplex, reply: HttpReply): Promise<void> {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as NetSocket); // What Node's server gives with the event.
  response.once("finish", () => {
    socket.end();
  });
  await sendReply(reply, response, new OpenAnswers(defaultKeepAliveMs));
}

function nothingAt(path: string): HttpReply {
  return errorReply(new RuntimeError("not_found", `No socket is at ${path}.`, { details: { field: "path" } }));
}

function ignore(): void {
  // The event "close" comes after it.
}
