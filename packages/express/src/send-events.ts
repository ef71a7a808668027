import type { ServerResponse } from "node:http";

/** A write of this many characters leaves at once; a longer tick is cut into several. */
const flushLength = 64 * 1024;
const keepAlive = ": keep-alive\n\n";

/**
 * Streams frames as they come. Those of one tick leave in one write at its end, never later. A reader who does not keep
 * up is waited for; one who has gone ends the loop, and with it the source.
 */
export async function sendEvents(
  frames: AsyncIterable<string>,
  response: ServerResponse,
  keepAliveMs: number,
): Promise<void> {
  let pending = "";
  let scheduled = true;
  let silent = true;
  const flush = (): void => {
    scheduled = false;
    if (response.destroyed) return;
    if (pending !== "") response.write(pending);
    else if (!response.headersSent) response.flushHeaders();
    pending = "";
  };
  // Node runs this after all that is due in this tick: also the head of a stream whose first event is late.
  process.nextTick(flush);
  const timer = setInterval(() => {
    if (silent && !response.writableNeedDrain) response.write(keepAlive);
    silent = true;
  }, keepAliveMs);
  timer.unref();
  try {
    for await (const frame of frames) {
      if (response.destroyed) return;
      silent = false;
      pending += frame;
      if (pending.length >= flushLength) flush();
      else if (!scheduled) {
        scheduled = true;
        process.nextTick(flush);
      }
      if (response.writableNeedDrain) await drained(response);
    }
    if (!response.destroyed) response.end(pending);
    pending = "";
  } finally {
    clearInterval(timer);
  }
}

/** Resolves when the reader has caught up, or has gone. */
async function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const done = (): void => {
    response.off("drain", done);
    response.off("close", done);
    resolve(undefined);
  };
  response.on("drain", done);
  response.on("close", done);
  await promise;
}
