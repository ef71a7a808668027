import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** A port of this machine's loopback that leads somewhere else. */
export interface PortTunnel extends AsyncDisposable {
  readonly port: number;
}

/** What comes goes through a connection of its own. Where that fails, it is closed. Keeps no process alive. */
export async function openPortTunnel(connect: () => Promise<Duplex>): Promise<PortTunnel> {
  const { createServer } = process.getBuiltinModule("node:net"); // Not with the package: browsers load it too.
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    void lead(socket, connect);
  });
  const listening = Promise.withResolvers<undefined>();
  server.once("error", listening.reject).listen(0, "127.0.0.1", () => {
    listening.resolve(undefined);
  });
  await listening.promise;
  server.unref();
  const { port } = server.address() as { readonly port: number }; // It listens on TCP.
  return {
    port,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<undefined>();
      server.close(() => {
        closed.resolve(undefined);
      });
      for (const socket of sockets) socket.destroy();
      await closed.promise;
    },
  };
}

async function lead(socket: Socket, connect: () => Promise<Duplex>): Promise<void> {
  socket.on("error", () => undefined); // It closes then.
  try {
    const { pipeline } = process.getBuiltinModule("node:stream/promises");
    await pipeline(socket, await connect(), socket);
  } catch {
    socket.destroy();
  }
}
