import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const retryMs = 5;

/** Resolves when somebody listens on a socket that is there: it has its name a moment before that. */
export async function waitForListener(path: string, signal: AbortSignal): Promise<void> {
  while (!(await accepts(path))) await sleep(retryMs, undefined, { signal });
}

async function accepts(path: string): Promise<boolean> {
  const socket = connect(path);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("connect", () => {
    resolve(true);
  });
  socket.once("error", () => {
    resolve(false);
  });
  const accepted = await promise;
  socket.destroy();
  return accepted;
}
