import { once } from "node:events";
import { connect } from "node:net";
import type { NetConnectOpts } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const pauseMs = 15;

/** Resolves when somebody listens there. Programs do not tell when they begin to. */
export async function waitForPort(place: NetConnectOpts, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const socket = connect(place);
    try {
      await once(socket, "connect", { signal });
      return;
    } catch {
      await sleep(pauseMs, undefined, { signal });
    } finally {
      socket.destroy();
    }
  }
}
