import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse } from "@agentscope-runtime/protocol";
import { eventOf, lastEntry } from "@agentscope-runtime/core";
import type { LiveEntry, RunDoor } from "@agentscope-runtime/core";
import type { RunEntry, RunKey } from "@agentscope-runtime/services";

/** The run's events in the batches in which the log has them. */
export async function* runEvents(
  batches: AsyncIterable<readonly LiveEntry[]>,
): AsyncGenerator<readonly AgentEvent[], void, undefined> {
  for await (const batch of batches) yield batch.map(eventOf);
}

/** What a run has ended with; waits for its end while the signal says that somebody is there. */
export async function endOfRun(runs: RunDoor, key: RunKey, signal: AbortSignal): Promise<AgentResponse> {
  return toEnd(await lastEntry(runs.read(key, { follow: true, signal })));
}

/** The same of a run that has ended and has so many events: only the last one is read. */
export async function lastOfRun(runs: RunDoor, key: RunKey, eventCount: number): Promise<AgentResponse> {
  const after = eventCount > 1 ? eventCount - 2 : undefined;
  return toEnd(await lastEntry(runs.read(key, { after })));
}

function toEnd({ data }: RunEntry): AgentResponse {
  const event = JSON.parse(data) as AgentEvent; // Our own text of one.
  if (event.object !== "response") throw new RuntimeError("internal", "The run has no last event.");
  return event;
}
