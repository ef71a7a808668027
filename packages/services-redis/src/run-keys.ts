import type { RunKey } from "@agentscope-runtime/services";
import { encodeId } from "./encode-id.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { shardOf } from "./shard.ts";

/** Where the runs are kept: `run-scripts.ts` says what is in it. */
export class RunKeys {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  run({ ownerId, runId }: RunKey): string {
    return this.#connection.key(["runs", shardOf(ownerId)], "run", ownerId, runId);
  }

  events({ ownerId, runId }: RunKey): string {
    return this.#connection.key(["runs", shardOf(ownerId)], "events", ownerId, runId);
  }

  index(ownerId: string): string {
    return this.#connection.key(["runs", shardOf(ownerId)], "index", ownerId);
  }

  held(shard: string): string {
    return this.#connection.key(["runs", shard], "held");
  }

  finished(shard: string): string {
    return this.#connection.key(["runs", shard], "finished");
  }

  lastPlace(shard: string): string {
    return this.#connection.key(["runs", shard], "last");
  }

  /** Where is told what happens to a run. */
  channel({ ownerId, runId }: RunKey): string {
    return `${this.#connection.prefix}:run:${encodeId(ownerId)}:${encodeId(runId)}`;
  }
}
