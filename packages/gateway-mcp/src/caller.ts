import { ownerOf } from "@agentscope-runtime/core";
import type { Identity } from "@agentscope-runtime/core";

/** Who calls, as far as it is known. */
export interface McpCaller {
  /** Undefined when the app has no `authenticate`. */
  readonly identity: Identity | undefined;
  /** Aborts when nobody waits any more. Undefined over stdio. */
  readonly reader?: AbortSignal | undefined;
  readonly traceparent?: string | undefined;
}

/** Whose runs and calls those of a caller are. */
export function ownerIdOf({ identity }: McpCaller): string {
  return ownerOf(identity);
}
