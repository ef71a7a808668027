import type { TerminalStatus } from "@agentscope-runtime/protocol";
import type { NewRun, RunEntry, RunFacts, RunKey, RunLog, RunRecord } from "../run-log.ts";

/** The run that most checks are about, and one of the same id that is somebody else's. */
export const key: RunKey = { ownerId: "ada", runId: "run_1" };
export const bobs: RunKey = { ownerId: "bob", runId: "run_1" };

const facts: RunFacts = { agent: "planner", sessionId: "tea", userId: "ada", requestHash: "hash" };

/** Who writes the runs of these checks. */
export const holder = "replica_1";

/** In the session "tea", so that several of one owner wait for each other. */
export const newRun: NewRun = { ...facts, request: "Is there tea?", holder };

/** What a record of {@link newRun} says. */
export const runFacts = { ...facts, holder };

/** A run that waits for nobody: it has a session of its own. */
export function alone(changes: Partial<NewRun> = {}): NewRun {
  return { ...newRun, sessionId: crypto.randomUUID(), ...changes };
}
/** So many events, the first of them with this number. */
export function eventsOf(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => JSON.stringify({ event: first + index }));
}

export function entriesOf(count: number, first = 0): RunEntry[] {
  return eventsOf(count, first).map((data, index) => ({ sequence: first + index, data }));
}

/** Writes as the holder of {@link newRun}. */
export async function append(log: RunLog, of: RunKey, first: number, events: readonly string[]): Promise<void> {
  await log.append(of, { holder, first, events });
}

/** Ends a run as the holder of {@link newRun}. */
export async function end(
  log: RunLog,
  of: RunKey,
  { first, status = "completed", events = [] }: { first: number; status?: TerminalStatus; events?: readonly string[] },
): Promise<RunRecord> {
  return log.finish(of, { holder, first, status, events });
}

/** A run of its own session, with so many events. */
export async function begin(log: RunLog, events = 0, of = key): Promise<void> {
  await log.create(of, alone());
  if (events > 0) await append(log, of, 0, eventsOf(events));
}

export async function finish(log: RunLog, first: number, events = 0): Promise<void> {
  await end(log, key, { first, events: eventsOf(events, first) });
}

/** What every loser of a race was told, so many times. */
export function conflicts(count: number): { readonly code: "conflict" }[] {
  return Array.from({ length: count }, () => ({ code: "conflict" }));
}
