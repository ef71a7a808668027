import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions, RunKey, RunLine, RunLog, RunRecord } from "@agentscope-runtime/services";

/** More events than any run has: who reads behind it gets nothing but the end. */
const behindAll = Number.MAX_SAFE_INTEGER;

/** Resolves when the run has ended, or is not there. */
export async function waitForEnd(log: RunLog, key: RunKey, options: CallOptions): Promise<void> {
  try {
    for await (const batch of log.read(key, { after: behindAll, follow: true, ...options })) void batch;
  } catch (thrown) {
    if (!RuntimeError.is(thrown) || thrown.code !== "not_found") throw thrown;
  }
}

export interface Waiting extends CallOptions {
  readonly line: RunLine;
  readonly holder: string;
}

/** Waits until all runs before this one in its line have ended, begins it, and returns what is asked. */
export async function waitForTurn(log: RunLog, key: RunKey, { line, holder, signal }: Waiting): Promise<string> {
  for (;;) {
    const asked = await log.begin(key, holder, { signal });
    if (asked !== undefined) return asked;
    const before = await runsBefore(log, key, line);
    const next = before.at(-1);
    if (next !== undefined) await waitForEnd(log, next, { signal });
  }
}

/** The unfinished runs that come before this one, first to last. */
export async function runsBefore(log: RunLog, { runId }: RunKey, line: RunLine): Promise<readonly RunRecord[]> {
  const records = await log.line(line);
  const place = records.findIndex((record) => record.runId === runId);
  // A line longer than what is listed ends with somebody before it.
  return place === -1 ? records : records.slice(0, place);
}
