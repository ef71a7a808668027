import { encodeFrame, RuntimeError } from "@agentscope-runtime/protocol";
import type { StreamEvent } from "./task.ts";

export interface FrameWords {
  /** One event, as JSON text. */
  readonly event: (event: StreamEvent) => string;
  /** What went wrong in the middle, as JSON text. */
  readonly error: (error: RuntimeError) => string;
  /** The name of the event that tells it. Default: none. */
  readonly errorName?: string;
}

/** Events as server-sent events. A stream that cannot go on ends with an error. */
export async function* eventFrames(
  batches: AsyncIterable<readonly StreamEvent[]>,
  words: FrameWords,
): AsyncGenerator<string, void, undefined> {
  try {
    for await (const batch of batches) {
      let frames = "";
      for (const event of batch) frames += encodeFrame(null, words.event(event));
      yield frames;
    }
  } catch (thrown) {
    const name = words.errorName === undefined ? "" : `event: ${words.errorName}\n`;
    yield name + encodeFrame(null, words.error(RuntimeError.from(thrown)));
  }
}
