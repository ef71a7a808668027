import { mkdir } from "node:fs/promises";
import { dataDir as template } from "@electric-sql/pglite-prepopulatedfs";
import { openPGliteServices, openPostgresServices } from "@agentscope-runtime/services-postgres";
import type { PostgresServices } from "@agentscope-runtime/services-postgres";
import { openRedisServices } from "@agentscope-runtime/services-redis";
import type { RedisServices } from "@agentscope-runtime/services-redis";
import { Redis } from "ioredis";
import pg from "pg";

/** Where the assistant keeps everything. */
export type Store =
  | { readonly kind: "postgres"; readonly url: string }
  | { readonly kind: "redis"; readonly url: string }
  | { readonly kind: "directory"; readonly path: string };

export type Services = PostgresServices | RedisServices;

/**
 * Servers may be away when the assistant starts, and PGlite takes its time: that is told at `/readiness`, and what is asked
 * meanwhile waits.
 */
export async function openServices(store: Store): Promise<Services> {
  switch (store.kind) {
    case "postgres":
      return openPool(store.url);
    case "redis":
      return openRedisServices({ redis: new Redis(store.url, { lazyConnect: true }), lazy: true });
    case "directory":
      await mkdir(store.path, { recursive: true });
      return openPGliteServices({ directory: store.path, lazy: true, template });
  }
}

async function openPool(connectionString: string): Promise<Services> {
  const pool = new pg.Pool({ connectionString });
  const services = await openPostgresServices({ pool, lazy: true });
  return {
    ...services,
    [Symbol.asyncDispose]: async () => {
      await services[Symbol.asyncDispose]();
      await pool.end();
    },
  };
}
