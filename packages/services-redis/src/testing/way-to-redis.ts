import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** A way to a server on which a test can make things go wrong. */
export interface WayToRedis extends AsyncDisposable {
  readonly port: number;
  /** Whoever is on the way is thrown off, and nobody gets on it any more. */
  cut(): void;
  /**
   * A request reaches the server and is done, but its answer does not come back: the connection breaks instead. An answer
   * that it was not done, because the script is not known yet, comes back.
   */
  loseNextAnswer(): void;
  /** Nothing that is said on the connections of this moment arrives any more, and nobody is told. */
  swallow(): void;
}

/** What the reply to a request that failed begins with. */
const error = "-".charCodeAt(0);

export async function openWayToRedis(url: string): Promise<WayToRedis> {
  const { hostname, port } = new URL(url);
  const pairs = new Set<readonly [client: Socket, redis: Socket]>();
  const swallowed = new WeakSet<Socket>();
  let losesNext = false;
  const end = ([client, redis]: readonly [Socket, Socket]): void => {
    client.destroy();
    redis.destroy();
  };

  const server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    const pair = [client, redis] as const;
    pairs.add(pair);
    client.on("data", (data) => {
      if (!swallowed.has(client)) redis.write(data);
    });
    redis.on("data", (data) => {
      if (losesNext && data[0] !== error) {
        losesNext = false;
        end(pair);
      } else if (!swallowed.has(client)) {
        client.write(data);
      }
    });
    for (const socket of pair) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        pairs.delete(pair);
        end(pair);
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  const cut = (): void => {
    server.close();
    for (const pair of pairs) end(pair);
  };
  return {
    port: (server.address() as AddressInfo).port, // It listens on one.
    cut,
    loseNextAnswer: () => {
      losesNext = true;
    },
    swallow: () => {
      for (const [client] of pairs) swallowed.add(client);
    },
    [Symbol.asyncDispose]: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      cut();
      await closed;
    },
  };
}
