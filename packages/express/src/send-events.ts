import type { ServerResponse } from "node:http";
import type { Takeable } from "@agentscope-runtime/core";
import type { OpenStream, OpenStreams } from "./open-streams.ts";

const keepAlive = ": keep-alive\n\n";

/**
 * Streams frames as they come. Node holds what is written until the end of the tick, and sends it in one piece. A reader who
 * does not keep up is waited for; one who has gone ends the loop, and with it the source. What the source throws breaks the
 * connection, so that nobody takes half an answer for a whole one.
 */
export function sendEvents(
  frames: AsyncIterable<string> | Takeable<string>,
  response: ServerResponse,
  streams: OpenStreams,
): void {
  const source: Source = "take" in frames ? frames : takeable(frames[Symbol.asyncIterator]());
  let headLeft = false;
  let silent = true;
  let over = false;
  const stream: OpenStream = {
    // The head leaves with the first event, or alone when that is late.
    sendHead() {
      if (!headLeft) response.flushHeaders();
    },
    keepAlive() {
      if (silent && !response.writableNeedDrain) response.write(keepAlive);
      silent = true;
    },
  };
  const take = (): void => {
    source.take(onFrames, onFailure);
  };
  const onFrames = (result: IteratorResult<string, unknown>): void => {
    over ||= result.done === true;
    if (response.destroyed) return;
    headLeft = true;
    silent = false;
    if (result.done === true) response.end();
    else if (response.write(result.value)) take();
    else response.once("drain", take);
  };
  const onFailure = (): void => {
    over = true;
    response.destroy();
  };
  streams.add(stream);
  response.on("close", () => {
    streams.delete(stream);
    // What it throws while it is left has nobody to hear it.
    if (!over) source.return().catch(() => undefined);
  });
  take();
}

/** What is used of a loop here. */
interface Source {
  take(onResult: (result: IteratorResult<string, unknown>) => void, onFailure: (thrown: unknown) => void): void;
  return(): Promise<unknown>;
}

function takeable(loop: AsyncIterator<string, unknown>): Source {
  return {
    take(onResult, onFailure) {
      loop.next().then(onResult, onFailure);
    },
    async return() {
      await loop.return?.();
    },
  };
}
