import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunRecord } from "@agentscope-runtime/services";
import { buryRun } from "./bury.ts";
import type { RunBooks } from "./create-run.ts";
import type { Runner } from "./runner.ts";
import { decodeStoredRun } from "./stored-run.ts";
import type { StoredRun } from "./stored-run.ts";

export interface Adopter extends RunBooks {
  readonly agents: ReadonlyMap<string, Runner>;
  /** As whom this process writes. */
  readonly holder: string;
}

/** Takes over an unfinished run that nobody looks after: one that has not begun is run, one that has is ended. */
export async function adoptRun(adopter: Adopter, record: RunRecord): Promise<void> {
  const { runLog, live, logger, holder } = adopter;
  const { ownerId, runId } = record;
  const key = { ownerId, runId };
  try {
    const claimed = await runLog.claim(key, { from: record.holder, to: holder });
    try {
      const text = await runLog.request(key);
      if (text === undefined) return;
      const stored = decodeStoredRun(text);
      if (claimed.status === "queued") live.launch(claimed, stored);
      else await bury(adopter, claimed, stored);
    } catch (thrown) {
      await runLog.claim(key, { from: holder, to: undefined }); // For the next one who looks.
      throw thrown;
    }
  } catch (thrown) {
    // Another replica was faster, or it has ended meanwhile.
    if (RuntimeError.is(thrown) && (thrown.code === "conflict" || thrown.code === "not_found")) return;
    logger.error({ err: thrown, runId }, "An orphaned run could not be taken care of.");
  }
}

/** Ends a run whose agent is gone. What was said so far stays in its session. */
async function bury(
  { runLog, agents, logger, holder }: Adopter,
  record: RunRecord,
  { request }: StoredRun,
): Promise<void> {
  const { output, events } = await buryRun(runLog, record);
  const runner = agents.get(record.agent);
  if (runner !== undefined && !(await runner.remembers(request))) await runner.remember(request, output);
  const end = { holder, first: record.eventCount, status: "failed" } as const;
  await runLog.finish(record, { ...end, events: events.map((event) => JSON.stringify(event)) });
  logger.warn({ runId: record.runId }, "A run has failed, since its replica is gone.");
}
