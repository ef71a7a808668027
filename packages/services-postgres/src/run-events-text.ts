import type { RunEntry } from "@agentscope-runtime/services";
import { escape, fromText, pieceSeparator, separator, toText } from "./to-text.ts";

/** So many events are in each piece of what is written at once, but for the last one: what a reader gets at a time. */
export const largestPiece = 1000;

/** What stands for a single event without any text, as no text is no event. No other text is an escape alone. */
const emptyEvent = escape;

/** The events that are written at once, in pieces. Empty when there are none. */
export function toEventsText(events: readonly string[]): string {
  if (events.length <= largestPiece) return toPiece(events);
  const pieces: string[] = [];
  for (let at = 0; at < events.length; at += largestPiece) pieces.push(toPiece(events.slice(at, at + largestPiece)));
  return pieces.join(pieceSeparator);
}

/** The events of one piece. */
export function fromPiece(first: number, body: string): readonly RunEntry[] {
  const events = body === emptyEvent ? [""] : body.split(separator);
  return events.map((event, index) => ({ sequence: first + index, data: fromText(event) }));
}

function toPiece(events: readonly string[]): string {
  if (events.length === 1 && events[0] === "") return emptyEvent;
  return events.map(toText).join(separator);
}
