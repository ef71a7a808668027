import type { RunDoor } from "@agentscope-runtime/core";
import type { MessageInput } from "@agentscope-runtime/protocol";
import type { RunKey } from "@agentscope-runtime/services";
import { forgetterOf } from "./forget-run.ts";
import type { ResponseContext } from "./response-context.ts";

/** A response that is not stored and that its socket can continue. */
export interface SocketTurn {
  readonly id: string;
  /** Undefined for one that was only prepared. */
  readonly key: RunKey | undefined;
  readonly sessionId: string | undefined;
  readonly userId: string | undefined;
  /** What the next agent has to be told, since it cannot know. */
  readonly before: readonly MessageInput[];
  /** Of `before`, in characters. */
  readonly length: number;
  /** Ids of the functions that were called in its conversation, the newest. */
  readonly calls: readonly string[];
  /** Its session is nobody else's, and is forgotten with it. */
  readonly ownsSession: boolean;
}

const mostCalls = 10_000;

export function contextOf({ sessionId, userId, before, calls }: SocketTurn): ResponseContext {
  return { sessionId, userId, before, knowsCall: (callId) => Promise.resolve(calls.includes(callId)) };
}

/** The calls of a conversation with those that are new. */
export function withCalls(
  calls: readonly string[],
  items: readonly { readonly type: string; readonly call_id?: unknown }[],
): readonly string[] {
  const added = items.flatMap(({ type, call_id: id }) =>
    (type === "function_call" || type === "custom_tool_call") && typeof id === "string" ? [id] : [],
  );
  return [...calls, ...added].slice(-mostCalls);
}

/** Forgets its run, and its session unless somebody goes on with it. */
export function dropTurn(runs: RunDoor, turn: SocketTurn, { keepsSession }: { readonly keepsSession: boolean }): void {
  const { key, sessionId, userId } = turn;
  if (key !== undefined) forgetterOf(runs, key, { keepsSession })();
  else if (!keepsSession && sessionId !== undefined && userId !== undefined)
    runs.sessions?.delete({ userId, sessionId }).catch(() => undefined); // When the app closes first, nothing is left to do it with.
}
