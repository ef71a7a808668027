import type { RuntimeError } from "@agentscope-runtime/protocol";

/** A failure that may pass, so that the call is worth repeating. It never leaves this package: `error` does. */
export class Transient extends Error {
  override readonly name = "Transient";
  readonly error: RuntimeError;
  /** How long the server asked to be left alone, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(error: RuntimeError, retryAfterMs = 0) {
    super(error.message, { cause: error });
    this.error = error;
    this.retryAfterMs = retryAfterMs;
  }
}
