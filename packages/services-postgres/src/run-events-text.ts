import type { RunEntry } from "@agentscope-runtime/services";
import { fromText, pieceSeparator, separator, toText } from "./to-text.ts";

/** Events that are written at once, in pieces of 1,000: what a reader gets at a time. */
export const largestPiece = 1000;

export interface EventsText {
  /** The number of each piece's first event. */
  readonly firsts: readonly number[];
  readonly text: string;
}

export function toEventsText(first: number, events: readonly string[]): EventsText {
  const firsts: number[] = [];
  const pieces: string[] = [];
  for (let at = 0; at < events.length; at += largestPiece) {
    firsts.push(first + at);
    pieces.push(
      events
        .slice(at, at + largestPiece)
        .map(toText)
        .join(separator),
    );
  }
  return { firsts, text: pieces.join(pieceSeparator) };
}

/** The events of one piece. */
export function fromPiece(first: number, body: string): readonly RunEntry[] {
  return body.split(separator).map((event, index) => ({ sequence: first + index, data: fromText(event) }));
}
