import { RuntimeError } from "@agentscope-runtime/protocol";
import type { NewRun, RunKey, RunLog, RunRecord } from "@agentscope-runtime/services";
import type { LiveRuns } from "./live-runs.ts";
import type { Logger } from "./logger.ts";
import { writeDurably } from "./write-durably.ts";

/** How long a caller waits for a log that is away, and how long what it left there is cleaned up. */
const createPatienceMs = 10_000;
const forgetPatienceMs = 600_000;

export interface RunBooks {
  readonly runLog: RunLog;
  readonly live: LiveRuns;
  readonly logger: Logger;
}

/**
 * Undefined when the run is there already, from the same request. While the log is away it is tried again; when it stays
 * away nothing has begun.
 */
export async function createRun(books: RunBooks, key: RunKey, run: NewRun): Promise<RunRecord | undefined> {
  const { runLog, live } = books;
  let record: RunRecord | undefined;
  // The answer to a creation may be lost with the connection: then the run is there, and nobody has it.
  const isDone = async (): Promise<boolean> => {
    const known = await runLog.get(key);
    const lost = known?.holder === run.holder && known.requestHash === run.requestHash && known.eventCount === 0;
    if (!lost || live.find(key) !== undefined) return false;
    record = known;
    return true;
  };
  const create = async (): Promise<void> => {
    record = await runLog.create(key, run);
  };
  try {
    await writeDurably(create, { isDone, patienceMs: createPatienceMs });
    return record;
  } catch (thrown) {
    if (!RuntimeError.is(thrown)) throw thrown;
    if (thrown.code === "unavailable") void forgetRun(books, key);
    // Another request of this id was faster.
    if (thrown.code === "conflict" && (await isThere(runLog, key, run.requestHash))) return undefined;
    throw thrown;
  }
}

/** Deletes a run whose caller is told that it did not begin; when the log is away, as soon as it is back. Never rejects. */
export async function forgetRun({ runLog, live, logger }: RunBooks, { ownerId, runId }: RunKey): Promise<void> {
  const key = { ownerId, runId };
  const isDone = (): Promise<boolean> => Promise.resolve(live.find(key) !== undefined);
  try {
    await writeDurably(() => runLog.delete(key), { isDone, patienceMs: forgetPatienceMs });
  } catch (thrown) {
    logger.error({ err: thrown, runId }, "A run that never began could not be deleted.");
  }
}

/** Whether the same request has begun this run. `conflict` when another one has. */
export async function isThere(runLog: RunLog, key: RunKey, requestHash: string): Promise<boolean> {
  const known = await runLog.get(key);
  if (known === undefined || known.requestHash === requestHash) return known !== undefined;
  throw new RuntimeError("conflict", `The id ${key.runId} belongs to another request: send a new id.`, {
    details: { field: "id" },
  });
}
