import type { AgentEvent } from "./agent-event.ts";

/**
 * One event as server-sent event text. The id is the event's number, so that a browser's `EventSource` and our client
 * can ask for what came after it. JSON has no raw line break, so one `data:` line is always enough.
 */
export function encodeEvent(event: AgentEvent): string {
  return encodeFrame(event.sequence_number, JSON.stringify(event));
}

/** The same for an event that is already JSON text; `sequence` null leaves the id out. */
export function encodeFrame(sequence: number | null, json: string): string {
  return sequence === null ? `data: ${json}\n\n` : `id: ${sequence}\ndata: ${json}\n\n`;
}
