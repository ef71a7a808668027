import type { SessionKey, StateService } from "@agentscope-runtime/services";
import type { AnyAgentScopeMessage } from "./agentscope-message.ts";
import { emptyState, parseState } from "./agentscope-state.ts";

export interface AgentScopeStorageOptions extends SessionKey {
  /** Yours: it is not closed. */
  readonly state: StateService;
}

/** The framework's `StorageBase`, of one session. */
export interface AgentScopeStorage {
  loadAgentState(options?: { agentId?: string }): Promise<{ context: never[]; metadata: Record<string, unknown> }>;
  saveAgentState(options: {
    agentId?: string;
    context: readonly AnyAgentScopeMessage[];
    metadata: Record<string, unknown>;
  }): Promise<void>;
  offloadContext(options: { msgs: readonly AnyAgentScopeMessage[] }): Promise<string | undefined>;
}

/**
 * A `StorageBase` over a StateService, for one session: `new Agent({ storage })`. Several agents of a session may share it, each
 * keeps its own state by its name. A save that came between a load and a save is a `conflict`, so nothing is lost silently.
 *
 * Agents behind `createAgentScopeHandler` need none, and keep more without: the framework does not save which calls a person has
 * confirmed, and prints what it loads to the console.
 */
export function createAgentScopeStorage({ state, userId, sessionId }: AgentScopeStorageOptions): AgentScopeStorage {
  const versions = new Map<string, number>();
  const keyOf = (agentId: string) => ({ userId, sessionId, name: `agentscope/${agentId}` });
  return {
    loadAgentState: async ({ agentId = "" } = {}) => {
      const saved = await state.load(keyOf(agentId));
      versions.set(agentId, saved?.version ?? 0);
      const { context, replyId, curIter, curSummary } =
        saved === undefined ? emptyState : parseState(saved.state, agentId);
      // It is what such an agent has saved; its type for messages is the framework's own.
      return { context: [...context] as never[], metadata: { replyId, curIter, curSummary } };
    },
    saveAgentState: async ({ agentId = "", context, metadata }) => {
      const expectedVersion = versions.get(agentId);
      const { version } = await state.save(
        keyOf(agentId),
        { ...metadata, context },
        expectedVersion === undefined ? {} : { expectedVersion },
      );
      versions.set(agentId, version);
    },
    // No agent calls it: what is summarized away stays in the session's history.
    offloadContext: async () => undefined,
  };
}
