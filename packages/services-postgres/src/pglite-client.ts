/** The part of a `PGlite` that is used. */
export interface PGliteClient {
  query(text: string, values?: unknown[]): Promise<PGliteResult>;
  exec(text: string): Promise<readonly PGliteResult[]>;
  listen(channel: string, onMessage: (payload: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface PGliteResult {
  readonly rows: readonly unknown[];
}
