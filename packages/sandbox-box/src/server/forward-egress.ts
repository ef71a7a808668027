import { connect, createServer } from "node:net";
import type { Socket } from "node:net";

export interface EgressForward extends AsyncDisposable {
  readonly port: number;
}

/**
 * Makes the proxy that leads out, on a unix socket of the host, a port of the loopback: programs know proxies by a port. Each
 * connection looks for the socket anew, since it may come later, or never.
 */
export async function forwardEgress(options: {
  readonly socketPath: string;
  readonly port: number;
}): Promise<EgressForward> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (inside) => {
    const outside = connect({ path: options.socketPath, allowHalfOpen: true });
    for (const [socket, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      open.add(socket);
      socket.pipe(other);
      socket.on("error", () => other.destroy());
      socket.once("close", () => {
        open.delete(socket);
        other.destroySoon();
      });
    }
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(options.port, "127.0.0.1", () => {
    const address = server.address();
    resolve(typeof address === "object" && address !== null ? address.port : options.port);
  });
  return {
    port: await promise,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((done) => server.close(done));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
