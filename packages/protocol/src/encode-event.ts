import type { AgentEvent } from "./agent-event.ts";

/**
 * One event as JSON text. Most events of a run are pieces of text: theirs is put together here, in half the time that
 * `JSON.stringify` takes to find its way through the object.
 */
export function encodeJson(event: AgentEvent): string {
  if (event.object !== "content" || event.type !== "text" || event.delta !== true || event.error !== null) {
    return JSON.stringify(event);
  }
  const { sequence_number, status, index, msg_id, text } = event;
  return (
    `{"sequence_number":${sequence_number},"object":"content","status":${quoted(status)},"error":null,"index":${index},` +
    `"delta":true,"msg_id":${quoted(msg_id)},"type":"text","text":${quoted(text)}}`
  );
}

function quoted(text: string | null): string {
  return text === null ? "null" : JSON.stringify(text);
}

/**
 * One event as server-sent event text. The id is the event's number, so that a browser's `EventSource` and our client
 * can ask for what came after it. JSON has no raw line break, so one `data:` line is always enough.
 */
export function encodeEvent(event: AgentEvent): string {
  return encodeFrame(event.sequence_number, encodeJson(event));
}

/** The same for an event that is already JSON text; `sequence` null leaves the id out. */
export function encodeFrame(sequence: number | null, json: string): string {
  return sequence === null ? `data: ${json}\n\n` : `id: ${sequence}\ndata: ${json}\n\n`;
}
