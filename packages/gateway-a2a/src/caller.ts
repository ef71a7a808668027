import { ownerOf } from "@agentscope-runtime/core";
import type { Identity, RouteRequest } from "@agentscope-runtime/core";

/** Who calls, and what holds for everything that a call asks. */
export interface Caller {
  /** The agent that the URL names. */
  readonly agent: string;
  readonly identity: Identity | undefined;
  /** Whose tasks there are. */
  readonly ownerId: string;
  /** Aborts when the caller hangs up. */
  readonly signal: AbortSignal;
  readonly traceparent: string | undefined;
  /** The extensions of `A2A-Extensions`. */
  readonly extensions: readonly string[];
}

export function callerOf({ http, identity }: Pick<RouteRequest, "http" | "identity">, agent: string): Caller {
  const { signal, headers } = http;
  const listed = headers["a2a-extensions"] ?? headers["x-a2a-extensions"] ?? "";
  const extensions = listed.split(",").flatMap((uri) => (uri.trim() === "" ? [] : [uri.trim()]));
  return { agent, identity, ownerId: ownerOf(identity), signal, traceparent: headers["traceparent"], extensions };
}
