/** The part of `pg.Pool` that is used. */
export interface PostgresPool {
  readonly options?: { readonly max?: number | undefined } | undefined;
  connect(): Promise<PostgresClient>;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
}

/** The part of a pool's client that is used. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresResult | readonly PostgresResult[]>;
  on(event: "notification", listener: (message: PostgresNotification) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
  release(destroy?: boolean): void;
}

export interface PostgresResult {
  readonly rows: readonly unknown[];
}

export interface PostgresQuery {
  readonly text: string;
  readonly values?: unknown[];
  readonly name?: string;
}

export interface PostgresNotification {
  readonly channel: string;
  readonly payload?: string | undefined;
}
