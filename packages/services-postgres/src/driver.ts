import type { Statement } from "./statement.ts";

export interface ListenHandlers {
  readonly onMessage: (payload: string) => void;
  /** Listening begins anew after the connection was lost: messages may have been missed. */
  readonly onReconnect: () => void;
}

/** What Postgres and PGlite have in common. Their errors come as they are. */
export interface Driver extends AsyncDisposable {
  readonly name: "Postgres" | "PGlite";
  /**
   * The rows of one statement, which is a transaction of its own. An aborted signal keeps it from being sent; what was sent
   * is not taken back. The caller's type says which columns the statement has.
   */
  query<TRow extends object>(
    wanted: Statement,
    values: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<readonly TRow[]>;
  /** The rows of somebody else's SQL; without values it may be several statements, which are one transaction. */
  run(sql: string, values?: readonly unknown[]): Promise<readonly object[]>;
  /** Resolves when listening has begun. */
  listen(channel: string, handlers: ListenHandlers): Promise<AsyncDisposable>;
}
