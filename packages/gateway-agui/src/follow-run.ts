import { EventType } from "@ag-ui/core";
import type { Event, Message } from "@ag-ui/core";
import { eventOf } from "@agentscope-runtime/core";
import type { RunDoor } from "@agentscope-runtime/core";
import { foldEvents } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import type { RunKey } from "@agentscope-runtime/services";
import { CallIds } from "./call-ids.ts";
import type { Narration } from "./narration.ts";
import { endingError } from "./to-error-reply.ts";
import { callIdsIn, toMessages } from "./to-messages.ts";

export interface Following {
  readonly runs: RunDoor;
  readonly key: RunKey;
  readonly narration: Narration;
  /** The client's messages from before the run. */
  readonly before: readonly Message[];
  /** Begin behind this event of the run. */
  readonly after?: number | undefined;
  readonly signal: AbortSignal;
}

/** A run as AG-UI tells it, in batches, until it ends. A stream that cannot go on ends with an error. */
export async function* followRun(following: Following): AsyncGenerator<readonly Event[], void, undefined> {
  const { runs, key, narration, after, signal } = following;
  try {
    for await (const batch of runs.read(key, { after, follow: true, signal })) {
      const told: Event[] = [];
      for (const entry of batch) {
        told.push(...narration.tell(eventOf(entry)));
        if (narration.takeMisspoke()) told.push(await restated(following, entry.sequence));
      }
      if (told.length > 0) yield told;
    }
  } catch (thrown) {
    yield [endingError(thrown)];
  }
}

/** All messages as they are now: what deltas cannot say otherwise any more. */
async function restated({ runs, key, before }: Following, last: number): Promise<Event> {
  const events: AgentEvent[] = [];
  for await (const batch of runs.read(key)) {
    events.push(...batch.filter(({ sequence }) => sequence <= last).map(eventOf));
  }
  return messagesSnapshot(before, events);
}

/** The messages from before a run, and what it has said in some events. */
export function messagesSnapshot(before: readonly Message[], events: readonly AgentEvent[]): Event {
  const said = toMessages(foldEvents(events)?.output ?? [], new CallIds(callIdsIn(before)));
  return { type: EventType.MESSAGES_SNAPSHOT, messages: [...before, ...said] };
}
