import type { Driver, ListenHandlers } from "./driver.ts";
import type { PGliteClient } from "./pglite-client.ts";
import type { Statement } from "./statement.ts";

/** A Postgres inside of this process. It has one connection, and does one thing after the other by itself. */
export class PGliteDriver implements Driver {
  readonly name = "PGlite";
  readonly #client: PGliteClient;
  readonly #close: () => Promise<void>;

  /** `close` is what happens to the client in the end: it may be somebody else's. */
  constructor(client: PGliteClient, close: () => Promise<void>) {
    this.#client = client;
    this.#close = close;
  }

  async query<TRow extends object>(
    { text }: Statement,
    values: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<readonly TRow[]> {
    signal?.throwIfAborted();
    const { rows } = await this.#client.query(text, [...values]);
    return rows as readonly TRow[]; // The statement is ours, and so are its columns.
  }

  async run(sql: string, values: readonly unknown[] = []): Promise<readonly object[]> {
    const results = values.length > 0 ? [await this.#client.query(sql, [...values])] : await this.#exec(sql);
    return results.flatMap(({ rows }) => rows) as readonly object[]; // What PGlite makes of every row.
  }

  async listen(channel: string, { onMessage }: ListenHandlers): Promise<AsyncDisposable> {
    // In quotes it keeps its case.
    const unlisten = await this.#client.listen(`"${channel}"`, onMessage);
    return { [Symbol.asyncDispose]: unlisten };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  /** There is one connection only: a transaction that was left open would be everybody's. */
  async #exec(sql: string): ReturnType<PGliteClient["exec"]> {
    try {
      return await this.#client.exec(sql);
    } catch (thrown) {
      await this.#client.exec("rollback");
      throw thrown;
    }
  }
}
