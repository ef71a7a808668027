import { RuntimeError } from "@agentscope-runtime/protocol";

/** Which part of which message an error is about. */
export interface PartPlace {
  /** The message's place in the list. */
  readonly index: number;
  /** The type of the message or of its part, such as `image`. */
  readonly kind: string;
}

/** The place in words: `messages[2] (image)`. */
export function placeText({ index, kind }: PartPlace): string {
  return `messages[${index}] (${kind})`;
}

/** The `invalid_argument` for a message that a framework cannot be given: `what` says why, and `details` are the place. */
export function unfit({ index, kind }: PartPlace, what: string): RuntimeError {
  const message = `Invalid ${placeText({ index, kind })}: ${what}.`;
  return new RuntimeError("invalid_argument", message, { details: { index, kind } });
}
