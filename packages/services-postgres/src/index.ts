export { openPGlite } from "./open-pglite.ts";
export { openPostgres } from "./open-postgres.ts";
export { openPGliteServices, openPostgresServices } from "./open-services.ts";
export { PostgresLeases } from "./postgres-leases.ts";
export { PostgresMemory } from "./postgres-memory.ts";
export { PostgresRunLog } from "./postgres-run-log.ts";
export { PostgresSessionHistory } from "./postgres-session-history.ts";
export { PostgresState } from "./postgres-state.ts";
export { PostgresTaskQueue } from "./postgres-task-queue.ts";
export { PostgresTopic } from "./postgres-topic.ts";

export type { Database } from "./database.ts";
export type { OpenPGliteOptions } from "./open-pglite.ts";
export type { OpenPostgresOptions } from "./open-postgres.ts";
export type { PostgresServices, ServicesOptions } from "./open-services.ts";
export type { PGliteClient, PGliteResult } from "./pglite-client.ts";
export type { PostgresLeasesOptions } from "./postgres-leases.ts";
export type { PostgresMemoryOptions } from "./postgres-memory.ts";
export type {
  PostgresClient,
  PostgresNotification,
  PostgresPool,
  PostgresQuery,
  PostgresResult,
} from "./postgres-pool.ts";
export type { PostgresRunLogOptions } from "./postgres-run-log.ts";
export type { PostgresSessionHistoryOptions } from "./postgres-session-history.ts";
export type { PostgresStateOptions } from "./postgres-state.ts";
export type { PostgresTaskQueueOptions } from "./postgres-task-queue.ts";
export type { PostgresTopicOptions } from "./postgres-topic.ts";
