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
export async function writeDurably(write: () => Promise<unknown>, options: DurableWriteOptions): Promise<void> {
  try {
    await write();
  } catch (thrown) {
    await writeAgain(write, options, thrown);
  }
}

/** What {@link writeDurably} does after the first try has failed. */
export async function writeAgain(
  write: () => Promise<unknown>,
  { isDone, patienceMs = defaultPatienceMs }: DurableWriteOptions,
  failure: unknown,
): Promise<void> {
  if (!isAway(failure)) throw failure;
  const deadline = performance.now() + patienceMs;
  let last = failure;
  for (let pauseMs = firstPauseMs; performance.now() < deadline; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    await sleep(pauseMs, undefined, { ref: false });
    try {
      if (!(await isDone())) await write();
      return;
    } catch (thrown) {
      if (!isAway(thrown)) throw thrown;
      last = thrown;
    }
  }
  throw last;
}

function isAway(thrown: unknown): boolean {
  return RuntimeError.is(thrown) && thrown.code === "unavailable";
}
