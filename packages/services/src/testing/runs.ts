import type { NewRun, RunEntry, RunKey, RunLog } from "../run-log.ts";

/** The run that most checks are about, and one of the same id that is somebody else's. */
export const key: RunKey = { ownerId: "ada", runId: "run_1" };
export const bobs: RunKey = { ownerId: "bob", runId: "run_1" };
export const newRun: NewRun = { agent: "planner", sessionId: "tea", userId: "ada", requestHash: "hash" };

/** So many events, the first of them with this number. */
export function eventsOf(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => JSON.stringify({ event: first + index }));
}

export function entriesOf(count: number, first = 0): RunEntry[] {
  return eventsOf(count, first).map((data, index) => ({ sequence: first + index, data }));
}

export async function begin(log: RunLog, events = 0, of = key): Promise<void> {
  await log.create(of, newRun);
  if (events > 0) await log.append(of, 0, eventsOf(events));
}

export async function finish(log: RunLog, first: number, events = 0): Promise<void> {
  await log.finish(key, first, { status: "completed", events: eventsOf(events, first) });
}

/** What every loser of a race was told, so many times. */
export function conflicts(count: number): { readonly code: "conflict" }[] {
  return Array.from({ length: count }, () => ({ code: "conflict" }));
}
