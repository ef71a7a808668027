import type { SessionHistoryService, StateService } from "@agentscope-runtime/services";
import { MastraCompositeStore } from "@mastra/core/storage";
import { ThreadStorage } from "./thread-storage.ts";
import { WorkflowStorage } from "./workflow-storage.ts";

export interface ToMastraStorageOptions {
  readonly sessions: SessionHistoryService;
  readonly state: StateService;
}

/**
 * A storage for `new Mastra({ storage })` and `new Memory({ storage })` that keeps in our services what an agent needs: runs while
 * they wait, so that an approval outlives the process, threads with their messages, and resources with their working memory.
 *
 * A thread is a session of the user that its resource names, under the id `mastra:` and the thread's. For what else Mastra
 * stores, such as traces and scores, compose it: `new MastraCompositeStore({ id, default: yours, domains: toMastraStorage(…).stores })`.
 */
export function toMastraStorage({ sessions, state }: ToMastraStorageOptions): MastraCompositeStore {
  return new MastraCompositeStore({
    id: "agentscope-runtime",
    name: "AgentScope Runtime",
    domains: {
      memory: new ThreadStorage({ sessions, state, owner: "mastra:threads" }),
      workflows: new WorkflowStorage({ sessions, state, owner: "mastra:workflows" }),
    },
  });
}
