import type { AppServices } from "@agentscope-runtime/core";
import { disposeAll } from "@agentscope-runtime/core";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { openPostgresServices } from "@agentscope-runtime/services-postgres";
import { openRedisServices } from "@agentscope-runtime/services-redis";
import { Redis } from "ioredis";
import pg from "pg";

/**
 * What `STORE` asks for: nothing keeps no history, so that only the runtime is measured; `memory` keeps it in this process;
 * the URL of a Postgres or a Redis keeps everything there.
 */
export async function openServices(store: string): Promise<AppServices & AsyncDisposable> {
  if (store === "") return { [Symbol.asyncDispose]: () => Promise.resolve() };
  if (store === "memory") {
    const sessions = new InProcessSessionHistory();
    return { sessions, [Symbol.asyncDispose]: async () => sessions[Symbol.asyncDispose]() };
  }
  if (store.startsWith("redis")) return openRedisServices({ redis: new Redis(store, { lazyConnect: true }) });
  const pool = new pg.Pool({ connectionString: store, max: 20 });
  const services = await openPostgresServices({ pool });
  const closePool = { [Symbol.asyncDispose]: async () => pool.end() };
  return { ...services, [Symbol.asyncDispose]: async () => disposeAll([closePool, services]) };
}
