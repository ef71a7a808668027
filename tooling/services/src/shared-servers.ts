import { once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { openServer } from "./test-server.ts";
import type { TestServer } from "./test-server.ts";

/** The servers that all test files share, each started when the first one asks. */
export interface SharedServers extends AsyncDisposable {
  readonly port: number;
}

/** Listens on loopback for the names of servers, a line each, and answers with their URLs. Keeps no process alive. */
export async function openSharedServers(): Promise<SharedServers> {
  const opening = new Map<string, Promise<TestServer>>();
  const open = (name: string): Promise<TestServer> => {
    if (name !== "postgres" && name !== "redis") throw new Error(`There is no server ${name}.`);
    const server = opening.get(name) ?? openServer(name);
    opening.set(name, server);
    return server;
  };

  const serve = async (socket: Socket): Promise<void> => {
    for await (const name of createInterface({ input: socket })) {
      const answer = await open(name).then(
        ({ url }) => ({ url }),
        (thrown: unknown) => ({ error: thrown instanceof Error ? thrown.message : String(thrown) }),
      );
      socket.write(`${JSON.stringify(answer)}\n`);
    }
  };

  const listener = createServer((socket) => {
    socket.on("error", () => undefined); // A test process that ended while it waited.
    void serve(socket);
  });
  listener.listen(0, "127.0.0.1").unref();
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("A TCP server has an address with a port.");
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      const servers = await Promise.allSettled(opening.values());
      for (const server of servers) if (server.status === "fulfilled") await server.value[Symbol.asyncDispose]();
    },
  };
}
