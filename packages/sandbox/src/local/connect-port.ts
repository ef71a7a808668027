import { connect } from "node:net";
import type { Socket } from "node:net";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { LocalLifetime } from "./local-lifetime.ts";

/** A connection to a TCP port of this machine's loopback; as `Sandbox.connect`. */
export async function connectPort(port: number, lifetime: LocalLifetime, signal?: AbortSignal): Promise<Socket> {
  lifetime.assertOpen({ signal });
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    const message = "Invalid port: give a whole number from 1 to 65535.";
    throw new RuntimeError("invalid_argument", message, { details: { field: "port" } });
  }
  let refused: unknown;
  for (const host of ["127.0.0.1", "::1"]) {
    try {
      return await open(host, port, lifetime, signal);
    } catch (thrown) {
      lifetime.assertOpen({ signal });
      refused ??= thrown;
    }
  }
  const message = `Nothing listens on port ${port} of the sandbox: start a server there first.`;
  throw new RuntimeError("unavailable", message, { cause: refused });
}

async function open(host: string, port: number, lifetime: LocalLifetime, signal?: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  socket.once("connect", resolve).once("error", reject);
  const undo = lifetime.onStop(signal, reject);
  try {
    await promise;
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  } finally {
    undo();
    socket.off("error", reject);
  }
  const undoEnd = lifetime.onStop(undefined, () => socket.destroy());
  socket.once("close", undoEnd);
  return socket;
}
