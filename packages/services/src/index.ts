export { InProcessLeases } from "./in-process-leases.ts";
export { InProcessMemory } from "./in-process-memory.ts";
export { InProcessRunLog } from "./in-process-run-log.ts";
export { InProcessSessionHistory } from "./in-process-session-history.ts";
export { InProcessState } from "./in-process-state.ts";
export { InProcessTaskQueue } from "./in-process-task-queue.ts";
export { InProcessTopic } from "./in-process-topic.ts";

// For those who implement a contract.
export { bm25 } from "./bm25.ts";
export { eachEntry } from "./each-entry.ts";
export { encodeCursor, parseCursor } from "./cursor.ts";
export { Embedder } from "./embedder.ts";
export { Follower } from "./follower.ts";
export { Lifetime } from "./lifetime.ts";
export { fuseRanks } from "./fuse-ranks.ts";
export { NewestQueue } from "./newest-queue.ts";
export { parseCron } from "./parse-cron.ts";
export { parseConcurrency, parseEnqueueOptions } from "./parse-task-options.ts";
export { parseLimit } from "./parse-limit.ts";
export { parseTtl } from "./parse-ttl.ts";
export { toErrorText } from "./to-error-text.ts";
export { sha256 } from "./sha256.ts";
export { toJsonText } from "./to-json-text.ts";
export { untilAborted } from "./until-aborted.ts";
export { product } from "./vector.ts";
export { words } from "./words.ts";

export type { WordUse } from "./bm25.ts";
export type { CallOptions } from "./call-options.ts";
export type { CursorScope } from "./cursor.ts";
export type { EmbedderOptions } from "./embedder.ts";
export type { FollowerSource } from "./follower.ts";
export type { InProcessLeasesOptions } from "./in-process-leases.ts";
export type { InProcessMemoryOptions } from "./in-process-memory.ts";
export type { InProcessRunLogOptions } from "./in-process-run-log.ts";
export type { InProcessSessionHistoryOptions } from "./in-process-session-history.ts";
export type { InProcessStateOptions } from "./in-process-state.ts";
export type { InProcessTaskQueueOptions } from "./in-process-task-queue.ts";
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
export type {
  Change,
  NewRun,
  RunEnd,
  RunEntry,
  RunFacts,
  RunKey,
  RunLine,
  RunListOptions,
  RunLog,
  RunReadOptions,
  RunRecord,
  RunWrite,
} from "./run-log.ts";
export type { SessionChanges, SessionHistoryService, SessionKey, SessionRecord } from "./session-history-service.ts";
export type { LoadOptions, SavedState, SavedVersion, SaveOptions, StateKey, StateService } from "./state-service.ts";
export type {
  EnqueueOptions,
  Schedule,
  Task,
  TaskKey,
  TaskQueue,
  TaskRecord,
  TaskWorker,
  WorkOptions,
} from "./task-queue.ts";
export type { TaskTerms } from "./parse-task-options.ts";
export type { Timetable } from "./parse-cron.ts";
export type { Subscription, Topic } from "./topic.ts";
