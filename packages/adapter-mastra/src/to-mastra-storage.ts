import type { SessionHistoryService, StateService } from "@agentscope-runtime/services";
import { MastraCompositeStore } from "@mastra/core/storage";
import { WorkflowStorage } from "./workflow-storage.ts";

export interface ToMastraStorageOptions {
  readonly sessions: SessionHistoryService;
  readonly state: StateService;
}

/**
 * A storage for `new Mastra({ storage })` that keeps runs in our services while they wait, so that an approval outlives the process.
 * Whatever else Mastra stores it has no place for: put it under a `MastraCompositeStore` with a `default` of yours.
 */
export function toMastraStorage({ sessions, state }: ToMastraStorageOptions): MastraCompositeStore {
  return new MastraCompositeStore({
    id: "agentscope-runtime",
    name: "AgentScope Runtime",
    domains: { workflows: new WorkflowStorage({ state, sessions, owner: "mastra:workflows" }) },
  });
}
