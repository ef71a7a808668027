export { openPGlite } from "./open-pglite.ts";
export { openPostgres } from "./open-postgres.ts";
export { PostgresLeases } from "./postgres-leases.ts";
export { PostgresMemory } from "./postgres-memory.ts";
export { PostgresRunLog } from "./postgres-run-log.ts";
export { PostgresSessionHistory } from "./postgres-session-history.ts";
export { PostgresState } from "./postgres-state.ts";
export { PostgresTopic } from "./postgres-topic.ts";
