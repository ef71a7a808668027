import type { Duplex } from "node:stream";
import { errorReply } from "@agentscope-runtime/core";
import type { Socket, UpgradeHandler } from "@agentscope-runtime/core";
import type { Sandbox } from "../sandbox.ts";
import type { BoxDoorOptions } from "./box-handler.ts";
import { assertToken } from "./box-token.ts";

const maxMessageBytes = 4 * 1024 * 1024;
/** Says that one side has nothing more to send, and still listens. A WebSocket itself knows no such thing. */
export const endMessage = "end";

/** Opens `/ports/:port`, the other half of the box protocol: the bytes of a connection as binary messages. */
export function boxUpgrade(sandbox: Sandbox, { token }: BoxDoorOptions = {}): UpgradeHandler {
  return async (request) => {
    const port = /^\/ports\/(\d{1,6})$/.exec(request.path)?.[1];
    if (port === undefined) return undefined;
    try {
      assertToken(token, request);
      const connection = await sandbox.connect(Number(port), { signal: request.signal });
      return { maxMessageBytes, talk: async (socket) => bridgePort(socket, connection) };
    } catch (thrown) {
      return errorReply(thrown);
    }
  };
}

/** The bytes of a connection as binary messages, until either side is over. */
export async function bridgePort(socket: Socket, connection: Duplex): Promise<void> {
  connection.on("error", () => undefined); // It closes, too.
  connection.once("close", () => {
    socket.close();
  });
  const arriving = send(connection, socket);
  for await (const message of socket.messages) {
    if (typeof message !== "string") await write(connection, message);
    else if (message === endMessage) connection.end();
  }
  connection.destroy();
  await arriving;
}

async function send(connection: Duplex, socket: Socket): Promise<void> {
  try {
    const pieces = connection.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const piece of pieces) await socket.send(piece);
    await socket.send(endMessage);
  } catch {
    // It broke; whoever is on the other side sees the socket close.
  }
}

/** Waits for a slow reader; what cannot be written any more is lost with the connection. */
async function write(connection: Duplex, piece: Uint8Array): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  connection.write(piece, () => {
    resolve(undefined);
  });
  await promise;
}
