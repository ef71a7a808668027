import { isSpeechPart, isToolPart } from "./ui-input.ts";
import type { OtherUIPart, ParsedUIMessage } from "./ui-input.ts";
import { isNotePart, noteOf } from "./ui-notes.ts";
import type { MessageNote } from "./ui-notes.ts";

/** Parts of the SDK's that are one message of ours, or one call. */
export interface UIPiece {
  /** The place of its first part. */
  readonly index: number;
  readonly note: MessageNote | undefined;
  readonly parts: OtherUIPart[];
  /** A step of the agent begins with it. */
  readonly step: boolean;
}

/** The pieces of a message; at least one. */
export function toPieces({ role, parts }: ParsedUIMessage): UIPiece[] {
  const pieces: UIPiece[] = [];
  let current: UIPiece | undefined;
  let step = false;
  for (const [index, part] of parts.entries()) {
    if (role === "assistant" && part.type === "step-start") {
      step = true;
      current = undefined;
      continue;
    }
    if (current && (role === "assistant" ? goesOn(current, part) : !isNotePart(part))) {
      current.parts.push(part);
      continue;
    }
    const piece: UIPiece = { index, note: noteOf(part), parts: isNotePart(part) ? [] : [part], step };
    pieces.push(piece);
    current = isToolPart(part) && role === "assistant" ? undefined : piece;
    step = false;
  }
  return pieces.length === 0 ? [{ index: 0, note: undefined, parts: [], step }] : pieces;
}

/** A block of text or a thought is a message of its own, and what comes with it, such as a source, is a part of it. */
function goesOn({ note, parts }: UIPiece, part: OtherUIPart): boolean {
  if (isToolPart(part) || isNotePart(part)) return false;
  if (note?.parts !== undefined) return parts.length < note.parts;
  if (noteOf(part) !== undefined || part.type === "text" || part.type === "reasoning") return false;
  return !isSpeechPart(part) || parts[0]?.type !== "reasoning";
}
