import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunKey, RunLine, RunLog } from "@agentscope-runtime/services";
import { decodeStoredRun, encodeStoredRun } from "./stored-run.ts";
import type { StoredRun } from "./stored-run.ts";

export interface Merging {
  readonly line: RunLine;
  readonly agent: string;
  readonly added: StoredRun;
  /** A request that would get longer, in characters, takes no more messages. */
  readonly maxLength: number;
}

const mostTries = 20;

/**
 * Adds a message to the run that waits at the end of the line for more of them, and returns that run; undefined when none
 * does.
 */
export async function mergeIntoWaiting(
  log: RunLog,
  { line, agent, added, maxLength }: Merging,
): Promise<RunKey | undefined> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const last = (await log.line(line)).at(-1);
    if (last?.status !== "queued" || last.agent !== agent) return undefined;
    const text = await requestOf(log, last);
    if (text === undefined || text === "") return undefined;
    const stored = decodeStoredRun(text);
    if (stored.mergeMs === undefined) return undefined;
    const { request } = stored;
    const merged = { ...stored, request: { ...request, input: [...request.input, ...added.request.input] } };
    const to = encodeStoredRun(merged);
    if (to.length > maxLength) return undefined;
    try {
      const { ownerId, runId } = last;
      await log.amend({ ownerId, runId }, { from: text, to });
      return { ownerId, runId };
    } catch (thrown) {
      // It has begun, or another message was faster: look again.
      if (!RuntimeError.is(thrown) || (thrown.code !== "conflict" && thrown.code !== "not_found")) throw thrown;
    }
  }
  return undefined;
}

async function requestOf(log: RunLog, key: RunKey): Promise<string | undefined> {
  try {
    return await log.request(key);
  } catch (thrown) {
    if (RuntimeError.is(thrown) && thrown.code === "not_found") return undefined;
    throw thrown;
  }
}
