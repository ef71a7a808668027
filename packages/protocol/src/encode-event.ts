import type { AgentEvent } from "./agent-event.ts";
import type { Content } from "./content.ts";

/**
 * Encodes the events of one run as JSON text. Most of them are pieces of text, which differ in their number and their text
 * only: the rest of such an event is written once.
 */
export class EventEncoder {
  #like: Content | undefined;
  /** What stands between the number and the text of the events that are like that one. */
  #middle = "";

  encode(event: AgentEvent): string {
    if (event.object !== "content" || event.type !== "text" || event.delta !== true || event.error !== null) {
      return JSON.stringify(event);
    }
    const { sequence_number, object, status, error, index, delta, msg_id, type, text } = event;
    const like = this.#like;
    if (like === undefined || like.msg_id !== msg_id || like.index !== index || like.status !== status) {
      this.#like = event;
      this.#middle = `,${JSON.stringify({ object, status, error, index, delta, msg_id, type }).slice(1, -1)},"text":`;
    }
    return `{"sequence_number":${sequence_number}${this.#middle}${JSON.stringify(text)}}`;
  }
}

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
