import { Database } from "./database.ts";
import { PostgresDriver } from "./postgres-driver.ts";
import type { PostgresPool } from "./postgres-pool.ts";

export interface OpenPostgresOptions {
  /** A `pg.Pool` with at least two connections, one of which listens while anybody follows a run or a topic. Yours: it is not closed. */
  readonly pool: PostgresPool;
  /** Where everything is kept. Created when it is missing; nothing else is touched. Default "agentscope". */
  readonly schema?: string | undefined;
  /**
   * True: resolves also while Postgres is away. Calls reject with `unavailable` until it is there, and the first one that
   * reaches it looks after the tables. Default false.
   */
  readonly lazy?: boolean | undefined;
}

/** A Postgres, ready for the services: its tables are there, created or brought up to date by whichever replica came first. */
export async function openPostgres({ pool, schema = "agentscope", lazy }: OpenPostgresOptions): Promise<Database> {
  return Database.open({ driver: new PostgresDriver(pool), schema, lazy });
}
