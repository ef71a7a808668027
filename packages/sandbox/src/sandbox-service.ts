import type { CallOptions, SessionKey } from "@agentscope-runtime/services";
import type { Sandbox } from "./sandbox.ts";

/** The right to use a session's sandboxes. Disposing it gives the right back, and ends nothing that others use. */
export interface SandboxLease extends AsyncDisposable {
  /** The first of `sandboxes`. */
  readonly sandbox: Sandbox;
  /** One of each type that was asked for, in that order. Once the lease is given back, every call rejects with `not_found`. */
  readonly sandboxes: readonly Sandbox[];
}

/**
 * Gives the sessions of users their sandboxes: one of each type, the same for every call of a session, with files and variables
 * as the call before left them. Calls at the same time share them, and none ends those of another. Users never share any, even
 * with equal session ids. Once disposed, every call rejects with `unavailable`.
 */
export interface SandboxService extends AsyncDisposable {
  /**
   * The session's sandboxes, made or woken where need be. `not_found` for a type that is not registered; `resource_exhausted` when the
   * user, or all together, have as many as they may.
   *
   * @param types - default `["base"]`
   */
  connect(key: SessionKey, types?: readonly string[], options?: CallOptions): Promise<SandboxLease>;

  /** Ends the session's sandboxes, each as soon as no lease holds it. Releasing a session that has none is no error. */
  release(key: SessionKey, options?: CallOptions): Promise<void>;
}
