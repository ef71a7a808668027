import type { AgentEvent } from "@agentscope-runtime/protocol";
import { isEnd } from "./run-stream.ts";

/** The same events. Stops the run when the loop is left before its end, and as soon as the signal aborts. */
export async function* stopOnLeave(
  events: AsyncIterable<AgentEvent>,
  stop: () => Promise<void>,
  signal: AbortSignal | undefined,
): AsyncGenerator<AgentEvent, void, undefined> {
  signal?.throwIfAborted();
  const letGo = onAbort(signal, stop);
  let left = true;
  try {
    for await (const event of events) {
      left = !isEnd(event);
      yield event;
    }
    left = false;
  } catch (thrown) {
    // The run is left to its `on_disconnect`: whoever is told of the failure may want to resume it.
    left = false;
    throw thrown;
  } finally {
    letGo();
    if (left && signal?.aborted !== true) await stop();
  }
}

/** Calls `stop`, and waits for nothing, when the signal aborts. Returns what ends that. */
export function onAbort(signal: AbortSignal | undefined, stop: () => Promise<void>): () => void {
  const listener = (): void => void stop();
  signal?.addEventListener("abort", listener, { once: true });
  return () => {
    signal?.removeEventListener("abort", listener);
  };
}
