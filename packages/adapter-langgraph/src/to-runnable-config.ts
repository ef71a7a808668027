import type { RunContext } from "@agentscope-runtime/core";
import type { CallbackManager } from "@langchain/core/callbacks/manager";
import { inlineCallbacks } from "./inline-callbacks.ts";

/** What a graph is told about a run: who asks in which conversation, and when to stop. */
export interface RunConfig {
  readonly configurable: {
    /** The session. */
    readonly thread_id: string;
    /** Who the session belongs to; `StateCheckpointSaver` keeps users apart by it. */
    readonly user_id: string;
  };
  readonly signal: AbortSignal;
  /** Empty, but for this: a graph that is streamed with it tells its messages at once, also under load. */
  readonly callbacks: CallbackManager;
}

/**
 * The config for a graph's `stream`, `invoke` or `getState` in a run.
 *
 * @example
 * ```ts
 * graph.stream(input, { ...toRunnableConfig(context), streamMode: ["messages", "updates"] });
 * ```
 */
export function toRunnableConfig({ session, signal }: Pick<RunContext, "session" | "signal">): RunConfig {
  return { configurable: { thread_id: session.id, user_id: session.userId }, signal, callbacks: inlineCallbacks() };
}
