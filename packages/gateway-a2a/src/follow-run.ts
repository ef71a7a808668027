import { eventOf } from "@agentscope-runtime/core";
import type { RunDoor } from "@agentscope-runtime/core";
import type { RunKey } from "@agentscope-runtime/services";
import type { StreamEvent } from "./task.ts";
import { TaskStory } from "./task-story.ts";
import type { TaskFacts } from "./to-task.ts";

export interface RunFollowing {
  readonly runs: RunDoor;
  readonly key: RunKey;
  readonly facts: TaskFacts;
  readonly showWork: boolean;
  readonly signal: AbortSignal;
  /** What comes before everything of the run. */
  readonly first?: readonly StreamEvent[];
  /** Events of the run up to this one are known to the client. None by default. */
  readonly known?: number;
}

/** A run as updates of its task, in batches, until it ends. */
export async function* followRun(following: RunFollowing): AsyncGenerator<readonly StreamEvent[], void, undefined> {
  const { runs, key, facts, showWork, signal, first, known = -1 } = following;
  if (first !== undefined) yield first;
  const story = new TaskStory(facts, { showWork });
  for await (const batch of runs.read(key, { follow: true, signal })) {
    const told: StreamEvent[] = [];
    for (const entry of batch) {
      const event = story.tell(eventOf(entry));
      if (event !== undefined && entry.sequence > known) told.push(event);
    }
    if (told.length > 0) yield told;
  }
}
