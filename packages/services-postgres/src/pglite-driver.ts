import type { Driver, ListenHandlers } from "./driver.ts";
import type { PGliteClient } from "./pglite-client.ts";
import type { Statement } from "./statement.ts";

/** A Postgres inside of this process. It has one connection, and does one thing after the other by itself. */
export class PGliteDriver implements Driver {
  readonly name = "PGlite";
  readonly #open: () => Promise<PGliteClient>;
  readonly #close: (client: PGliteClient | undefined) => Promise<void>;
  #opening: Promise<PGliteClient> | undefined;

  /** `close` is what happens to the client in the end, if there ever was one: it may be somebody else's. */
  constructor(open: () => Promise<PGliteClient>, close: (client: PGliteClient | undefined) => Promise<void>) {
    this.#open = open;
    this.#close = close;
  }

  /** Once. When it fails, the next call tries again. */
  async client(): Promise<PGliteClient> {
    this.#opening ??= this.#open();
    try {
      return await this.#opening;
    } catch (thrown) {
      this.#opening = undefined;
      throw thrown;
    }
  }

  async query<TRow extends object>(
    { text }: Statement,
    values: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<readonly TRow[]> {
    signal?.throwIfAborted();
    const client = await this.client();
    const { rows } = await client.query(text, [...values]);
    return rows as readonly TRow[]; // The statement is ours, and so are its columns.
  }

  async run(sql: string, values: readonly unknown[] = []): Promise<readonly object[]> {
    const client = await this.client();
    const results = values.length > 0 ? [await client.query(sql, [...values])] : await execute(client, sql);
    return results.flatMap(({ rows }) => rows) as readonly object[]; // What PGlite makes of every row.
  }

  async listen(channel: string, { onMessage }: ListenHandlers): Promise<AsyncDisposable> {
    // In quotes it keeps its case.
    const client = await this.client();
    const unlisten = await client.listen(`"${channel}"`, onMessage);
    return { [Symbol.asyncDispose]: unlisten };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close(await this.#opening?.catch(() => undefined));
  }
}

/** There is one connection only: a transaction that was left open would be everybody's. */
async function execute(client: PGliteClient, sql: string): ReturnType<PGliteClient["exec"]> {
  try {
    return await client.exec(sql);
  } catch (thrown) {
    await client.exec("rollback");
    throw thrown;
  }
}
