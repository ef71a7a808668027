import type { RunDoor } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse } from "@agentscope-runtime/protocol";
import type { RunKey } from "@agentscope-runtime/services";
import { RunTelling } from "./run-telling.ts";
import type { Note } from "./run-telling.ts";

export interface Told {
  /** The number of the run's event that this comes of. */
  readonly sequence: number;
  readonly note: Note;
}

export interface RunEnd {
  readonly response: AgentResponse;
  /** How many events the run had. */
  readonly count: number;
}

export interface FollowOptions {
  /** Nothing up to this event is told. */
  readonly after?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A run as MCP tells it, live and in batches; returns how it ended. */
export async function* followRun(
  runs: RunDoor,
  key: RunKey,
  { after = -1, signal }: FollowOptions,
): AsyncGenerator<readonly Told[], RunEnd> {
  const telling = new RunTelling();
  let count = 0;
  for await (const batch of runs.read(key, { follow: true, signal })) {
    const told: Told[] = [];
    for (const { sequence, data } of batch) {
      const note = telling.tell(JSON.parse(data) as AgentEvent); // The log holds our own text of an event.
      if (note !== undefined && sequence > after) told.push({ sequence, note });
      count = sequence + 1;
    }
    if (told.length > 0) yield told;
  }
  if (telling.end === undefined) throw new RuntimeError("unavailable", "The run's log ends before the run: try again.");
  return { response: telling.end, count };
}
