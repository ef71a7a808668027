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
  let scheduled = false;
  let silent = true;
  const flush = (): void => {
    scheduled = false;
    if (pending === "" || response.destroyed) return;
    response.write(pending);
    headLeft = true;
    pending = "";
  };
  const scheduleFlush = (): void => {
    if (scheduled) return;
    scheduled = true;
    // Node runs this when all promises of this tick are settled.
    process.nextTick(flush);
  };
  // The head leaves with the first event, or alone when that is late.
  let headLeft = false;
  const head = setImmediate(() => {
    if (!headLeft && !response.destroyed) response.flushHeaders();
  });
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
      else scheduleFlush();
      if (response.writableNeedDrain) await drained(response);
    }
    if (!response.destroyed) response.end(pending);
    pending = "";
  } finally {
    clearImmediate(head);
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
