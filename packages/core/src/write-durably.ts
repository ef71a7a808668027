import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";

export interface DurableWriteOptions {
  /** Whether the write has been done after all: its answer may have been lost with the connection. */
  readonly isDone: () => Promise<boolean>;
  /** How long the store may be away, in milliseconds. Default 15,000. */
  readonly patienceMs?: number | undefined;
}

const defaultPatienceMs = 15_000;
const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** Writes, and again while the store is `unavailable`. A write that was done is never done twice: see `isDone`. */
export async function writeDurably(
  write: () => Promise<unknown>,
  { isDone, patienceMs = defaultPatienceMs }: DurableWriteOptions,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = firstPauseMs, again = false; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs), again = true) {
    try {
      if (again && (await isDone())) return;
      await write();
      return;
    } catch (thrown) {
      const away = RuntimeError.is(thrown) && thrown.code === "unavailable";
      if (!away || performance.now() > deadline) throw thrown;
      await sleep(pauseMs, undefined, { ref: false });
    }
  }
}
