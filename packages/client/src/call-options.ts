/** The last parameter of everything that waits. */
export interface CallOptions {
  /** When it aborts, the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
