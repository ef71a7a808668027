import { RuntimeError } from "@agentscope-runtime/protocol";
import { untilAborted } from "@agentscope-runtime/services";
import type { Driver, ListenHandlers } from "./driver.ts";
import { PostgresListener } from "./postgres-listener.ts";
import type { PostgresClient, PostgresPool, PostgresQuery } from "./postgres-pool.ts";
import type { Statement } from "./statement.ts";

/** Postgres through a pool of connections, which stays its owner's. */
export class PostgresDriver implements Driver {
  readonly name = "Postgres";
  readonly #pool: PostgresPool;
  readonly #listener: PostgresListener;

  constructor(pool: PostgresPool) {
    if (pool.options?.max !== undefined && pool.options.max < 2) {
      throw new RuntimeError("invalid_argument", "The pool needs two connections at least: one of them listens.");
    }
    this.#pool = pool;
    this.#listener = new PostgresListener(pool);
    // A pool tells of idle connections that broke. Without a listener that would end the process.
    pool.on("error", ignore);
  }

  async query<TRow extends object>(
    { name, text }: Statement,
    values: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<readonly TRow[]> {
    const rows = await this.#query({ name, text, values: [...values] }, signal);
    return rows as readonly TRow[]; // The statement is ours, and so are its columns.
  }

  async run(sql: string, values: readonly unknown[] = []): Promise<readonly object[]> {
    const rows = await this.#query({ text: sql, ...(values.length > 0 && { values: [...values] }) }, undefined);
    return rows as readonly object[]; // What `pg` makes of every row.
  }

  listen(channel: string, handlers: ListenHandlers): Promise<AsyncDisposable> {
    return this.#listener.listen(channel, handlers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener[Symbol.asyncDispose]();
    this.#pool.off("error", ignore);
  }

  async #query(query: PostgresQuery, signal: AbortSignal | undefined): Promise<readonly unknown[]> {
    const client = await this.#connect(signal);
    client.on("error", ignore); // It is also told to whoever waits for the query.
    let isFit = false;
    try {
      const result = await client.query(query);
      isFit = true;
      return "rows" in result ? result.rows : result.flatMap(({ rows }) => rows);
    } catch (thrown) {
      // Several statements may have left a transaction open; one of ours that failed has not.
      isFit = query.name !== undefined;
      throw thrown;
    } finally {
      client.off("error", ignore);
      client.release(!isFit);
    }
  }

  /** A connection that comes when nobody waits for it any more goes back unused. */
  async #connect(signal: AbortSignal | undefined): Promise<PostgresClient> {
    const connecting = this.#pool.connect();
    try {
      return await untilAborted(connecting, signal);
    } catch (thrown) {
      void connecting.then((client) => {
        client.release();
      }, ignore);
      throw thrown;
    }
  }
}

function ignore(): void {}
