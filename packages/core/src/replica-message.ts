import type { ErrorInfo } from "@agentscope-runtime/protocol";
import type { RunKey } from "@agentscope-runtime/services";

/** What replicas tell each other. All of it may be missed, and is said again while it matters. */
export type ReplicaMessage =
  /** To a run's holder: stop it. */
  | { readonly type: "stop"; readonly key: RunKey; readonly reason: ErrorInfo }
  /** To a run's holder: somebody follows it from elsewhere, or has left. */
  | { readonly type: "reader"; readonly key: RunKey; readonly readerId: string; readonly present: boolean }
  /** To all: there are runs that nobody holds. */
  | { readonly type: "handed-over" };
