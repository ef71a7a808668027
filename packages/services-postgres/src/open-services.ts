import type { Database } from "./database.ts";
import { disposeAll } from "./dispose-all.ts";
import { openPGlite } from "./open-pglite.ts";
import type { OpenPGliteOptions } from "./open-pglite.ts";
import { openPostgres } from "./open-postgres.ts";
import type { OpenPostgresOptions } from "./open-postgres.ts";
import { PostgresLeases } from "./postgres-leases.ts";
import { PostgresMemory } from "./postgres-memory.ts";
import type { PostgresMemoryOptions } from "./postgres-memory.ts";
import { PostgresRunLog } from "./postgres-run-log.ts";
import type { PostgresRunLogOptions } from "./postgres-run-log.ts";
import { PostgresSessionHistory } from "./postgres-session-history.ts";
import { PostgresState } from "./postgres-state.ts";
import { PostgresTaskQueue } from "./postgres-task-queue.ts";
import type { PostgresTaskQueueOptions } from "./postgres-task-queue.ts";
import { PostgresTopic } from "./postgres-topic.ts";

/** What single services can be told. */
export interface ServicesOptions {
  readonly memory?: Omit<PostgresMemoryOptions, "database"> | undefined;
  readonly runLog?: Omit<PostgresRunLogOptions, "database"> | undefined;
  readonly tasks?: Omit<PostgresTaskQueueOptions, "database"> | undefined;
}

/** All services on one database. Disposing closes them together, and what was opened for them. */
export interface PostgresServices extends AsyncDisposable {
  readonly sessions: PostgresSessionHistory;
  readonly state: PostgresState;
  readonly memory: PostgresMemory;
  readonly runLog: PostgresRunLog;
  readonly topic: PostgresTopic;
  readonly leases: PostgresLeases;
  readonly tasks: PostgresTaskQueue;
}

/** All services on a Postgres, through your pool. */
export async function openPostgresServices(options: OpenPostgresOptions & ServicesOptions): Promise<PostgresServices> {
  return createServices(await openPostgres(options), options);
}

/** All services on a PGlite: in a directory, or, without one, in memory. */
export async function openPGliteServices(options: OpenPGliteOptions & ServicesOptions = {}): Promise<PostgresServices> {
  return createServices(await openPGlite(options), options);
}

function createServices(database: Database, options: ServicesOptions): PostgresServices {
  const services = {
    sessions: new PostgresSessionHistory({ database }),
    state: new PostgresState({ database }),
    memory: new PostgresMemory({ ...options.memory, database }),
    runLog: new PostgresRunLog({ ...options.runLog, database }),
    topic: new PostgresTopic({ database }),
    leases: new PostgresLeases({ database }),
    tasks: new PostgresTaskQueue({ ...options.tasks, database }),
  };
  return { ...services, [Symbol.asyncDispose]: () => disposeAll([database, ...Object.values(services)]) };
}
