import { RuntimeError } from "@agentscope-runtime/protocol";

/** Which part of which message an error is about. */
export interface PartPlace {
  /** The message's place in the list. */
  readonly index: number;
  /** The type of the message or of its part, such as `image`. */
  readonly kind: string;
}

/** The `invalid_argument` for a message that cannot be carried: `details` are the place. */
export function unfit({ index, kind }: PartPlace, what: string): RuntimeError {
  return new RuntimeError("invalid_argument", `Invalid messages[${index}] (${kind}): ${what}.`, {
    details: { index, kind },
  });
}
