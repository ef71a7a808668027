/** The last parameter of everything that waits. */
export interface CallOptions {
  /** When it aborts, the call rejects with the signal's reason and writes nothing that it has not written yet. */
  readonly signal?: AbortSignal | undefined;
}
