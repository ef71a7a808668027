import type { CallOptions } from "./call-options.ts";
import type { Page, PageOptions } from "./page.ts";
import type { SessionKey } from "./session-history-service.ts";

export interface StateKey extends SessionKey {
  /** Whose state within the session: an agent's name, a checkpoint namespace. */
  readonly name: string;
}

export interface SavedVersion {
  /** 1 for the first save, then one more each time. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

export interface SavedState extends SavedVersion {
  /** JSON, as it was saved. */
  readonly state: unknown;
}

export interface SaveOptions extends CallOptions {
  /**
   * The version this save builds on: 0 when there must be none yet. Without it the save always succeeds; with it, a
   * save that came between is a `conflict` whose `details` have `expectedVersion` and `actualVersion`.
   */
  readonly expectedVersion?: number;
}

export interface LoadOptions extends CallOptions {
  /** The latest by default. */
  readonly version?: number;
}

/**
 * Keeps an agent's own state between runs, every version of it. State is any JSON value; what JSON cannot hold is
 * `invalid_argument`. Once disposed, every call rejects with `unavailable`. `stateContract` in `./testing` is the full
 * text of this contract.
 */
export interface StateService extends AsyncDisposable {
  /** Writes a new version and returns it. Two saves never get the same version. */
  save(key: StateKey, state: unknown, options?: SaveOptions): Promise<SavedVersion>;

  /** Undefined when there is none. */
  load(key: StateKey, options?: LoadOptions): Promise<SavedState | undefined>;

  /** The versions without their state, newest first. */
  history(key: StateKey, options?: PageOptions): Promise<Page<SavedVersion>>;

  /** Forgets all versions; the next save is version 1. Deleting what is not there is not an error. */
  delete(key: StateKey, options?: CallOptions): Promise<void>;
}
