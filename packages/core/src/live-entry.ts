import type { AgentEvent } from "@agentscope-runtime/protocol";
import type { RunEntry } from "@agentscope-runtime/services";

/** An event of a run as text, and as a value where this process still has it. The value is everybody's: it is not to be changed. */
export interface LiveEntry extends RunEntry {
  readonly event?: AgentEvent | undefined;
}

/** What an entry says. */
export function eventOf({ event, data }: LiveEntry): AgentEvent {
  return event ?? (JSON.parse(data) as AgentEvent); // The log holds our own text of one.
}
