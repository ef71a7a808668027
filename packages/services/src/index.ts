export type { CallOptions } from "./call-options.ts";
export type { Lease, Leases } from "./leases.ts";
export type {
  Embed,
  FoundMemory,
  Memory,
  MemoryScope,
  MemorySearchOptions,
  MemoryService,
  NewMemory,
} from "./memory-service.ts";
export type { Page, PageOptions } from "./page.ts";
export type { NewRun, RunEnd, RunEntry, RunKey, RunListOptions, RunLog, RunReadOptions, RunRecord } from "./run-log.ts";
export type { SessionChanges, SessionHistoryService, SessionKey, SessionRecord } from "./session-history-service.ts";
export type { LoadOptions, SavedState, SavedVersion, SaveOptions, StateKey, StateService } from "./state-service.ts";
export type { Subscription, Topic } from "./topic.ts";
