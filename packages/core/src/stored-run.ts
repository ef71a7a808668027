import type { OnDisconnect } from "@agentscope-runtime/protocol";
import type { GrantedApproval } from "./approvals.ts";
import type { Identity } from "./identity.ts";
import type { PreparedRequest } from "./prepare-request.ts";

/** Everything that a replica needs to run a request that another one took. The run log keeps it as text. */
export interface StoredRun {
  readonly request: PreparedRequest;
  readonly identity?: Identity | undefined;
  readonly traceparent?: string | undefined;
  readonly onDisconnect: OnDisconnect;
  /** How long it waits for further messages, in milliseconds; undefined when it takes none. */
  readonly mergeMs?: number | undefined;
  /** The decisions that its input brings. */
  readonly approvals?: readonly GrantedApproval[] | undefined;
}

export function encodeStoredRun(run: StoredRun): string {
  return JSON.stringify(run);
}

/** Of a text that {@link encodeStoredRun} made. */
export function decodeStoredRun(text: string): StoredRun {
  return JSON.parse(text) as StoredRun;
}
