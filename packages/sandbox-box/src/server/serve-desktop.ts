import { createServer } from "node:http";
import { connect } from "node:net";
import sirv from "sirv";
import { createWebSocketStream, WebSocketServer } from "ws";
import { desktopPage } from "./desktop-page.ts";

/** Debian's package novnc. */
const noVnc = "/usr/share/novnc";
/** The protocol of frame buffers sends little at a time; what a paste or a picture may be. */
const maxMessageBytes = 16 * 1024 * 1024;

/**
 * The desktop as a page: HTTP on a port of the loopback, and below `websockify` the bridge from WebSockets to the VNC server.
 * All of it is relative, so that it works behind any path of a proxy.
 */
export async function serveDesktop({
  vnc,
  port,
}: {
  /** Where the VNC server listens, a unix socket. */
  readonly vnc: string;
  readonly port: number;
}): Promise<AsyncDisposable> {
  const files = sirv(noVnc, { dev: false, etag: true });
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://box").pathname;
    if (path === "/") {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(desktopPage);
      return;
    }
    files(request, response, () => void response.writeHead(404).end());
  });
  const sockets = new WebSocketServer({
    server,
    path: "/websockify",
    maxPayload: maxMessageBytes,
    // The page's library asks for none, or for this one.
    handleProtocols: (protocols) => (protocols.has("binary") ? "binary" : false),
  });
  sockets.on("connection", (socket) => {
    const viewer = createWebSocketStream(socket);
    const screen = connect(vnc);
    viewer.on("error", () => screen.destroy());
    screen.on("error", () => {
      socket.close(1011, "The desktop is away; it begins again.");
    });
    viewer.pipe(screen).pipe(viewer);
    screen.once("close", () => {
      socket.close();
    });
  });
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", () => {
    resolve(undefined);
  });
  await promise;
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets.clients) socket.terminate();
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}
