import { runStatusSchema } from "@agentscope-runtime/protocol";
import type { RunFacts, RunKey, RunRecord } from "@agentscope-runtime/services";
import { decodeId, encodeId } from "./encode-id.ts";

/** A run's record and its place among all runs. */
export interface RunRow {
  readonly record: RunRecord;
  readonly place: string;
}

/** The fields that the scripts return of a run; undefined when there is none. */
export function toRow({ ownerId, runId }: RunKey, reply: unknown): RunRow | undefined {
  const [facts, hold, status, created, ended, count, place] = reply as readonly (string | null)[]; // Our own scripts'.
  if (typeof facts !== "string" || typeof place !== "string") return undefined;
  const record = {
    ownerId,
    runId,
    ...(JSON.parse(facts) as RunFacts), // Our own text of them.
    holder: fromHold(hold ?? ""),
    status: runStatusSchema.parse(status),
    createdAt: Number(created),
    endedAt: ended === null || ended === undefined ? undefined : Number(ended),
    eventCount: Number(count),
  };
  return { record, place };
}

/** How a run names its holder, and what it stands under among all that are held. */
export function toHold(holder: string | undefined): string {
  return holder === undefined ? "u:" : `h:${encodeId(holder)}:`;
}

function fromHold(hold: string): string | undefined {
  return hold === "u:" ? undefined : decodeId(hold.slice(2, -1));
}
