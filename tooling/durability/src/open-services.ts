import { openPGliteServices, openPostgresServices } from "@agentscope-runtime/services-postgres";
import type { PostgresServices } from "@agentscope-runtime/services-postgres";
import { openRedisServices } from "@agentscope-runtime/services-redis";
import type { RedisServices } from "@agentscope-runtime/services-redis";
import { Redis } from "ioredis";
import pg from "pg";

/** All services on the store of this address, in a namespace of their own. A path is a directory of PGlite's. */
export async function openServices(store: string, namespace: string): Promise<PostgresServices | RedisServices> {
  if (store.startsWith("redis:")) {
    const redis = new Redis(store, { lazyConnect: true });
    return openRedisServices({ redis, prefix: namespace, tasks: { stalledMs: 5_000 } });
  }
  if (store.startsWith("/")) return openPGliteServices({ directory: store, schema: namespace });
  const pool = new pg.Pool({ connectionString: store });
  const services = await openPostgresServices({ pool, schema: namespace, tasks: { deadAfterMs: 10_000 } });
  return {
    ...services,
    [Symbol.asyncDispose]: async () => {
      await services[Symbol.asyncDispose]();
      await pool.end();
    },
  };
}
