import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** How many connections were made to it. */
  readonly connections: number;
  /** Where connections that are made from now on lead. */
  port: number;
  /** Breaks every connection. */
  cut(): void;
}

/**
 * A TCP proxy in front of a port of this machine. The n-th connection breaks, both ways, when the server has sent as many
 * bytes as the n-th number says; the byte that would be one too many is not passed on. Later ones do not break.
 */
export async function openCuttingProxy(port: number, cutAfter: readonly number[]): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    let budget = cutAfter[connections] ?? Infinity;
    connections += 1;
    const upstream = connect(proxy.port, "127.0.0.1");
    const end = (): void => {
      for (const socket of [client, upstream]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("close", end);
      socket.on("error", end);
    }
    client.pipe(upstream);
    upstream.on("data", (chunk) => {
      const passed = chunk.subarray(0, budget);
      budget -= passed.length;
      if (passed.length === chunk.length) client.write(passed);
      else client.write(passed, end);
    });
  });
  const { promise, resolve } = Promise.withResolvers<undefined>();
  server.listen(0, "127.0.0.1", () => {
    resolve(undefined);
  });
  await promise;
  const address = server.address() as AddressInfo; // A string only for a pipe, null only before listening.
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy = {
    url: `http://127.0.0.1:${address.port}`,
    port,
    get connections(): number {
      return connections;
    },
    cut,
    async [Symbol.asyncDispose](): Promise<void> {
      const { promise: closed, resolve: onClosed } = Promise.withResolvers<undefined>();
      server.close(() => {
        onClosed(undefined);
      });
      cut();
      await closed;
    },
  };
  return proxy;
}
