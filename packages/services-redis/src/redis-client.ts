/** Settings of ioredis that this package chooses for the connections that it opens. */
export interface RedisClientSettings {
  readonly lazyConnect: boolean;
  readonly keyPrefix: string;
  readonly enableOfflineQueue: boolean;
  readonly enableAutoPipelining: boolean;
  readonly autoResubscribe: boolean;
  readonly autoResendUnfulfilledCommands: boolean;
  readonly maxRetriesPerRequest: number | null;
  readonly socketTimeout: number | undefined;
  readonly disconnectTimeout: number;
  /** The pause before the next try to connect; null for none. */
  readonly retryStrategy: (times: number) => number | null;
  readonly replyMapping: "legacy";
  readonly stringNumbers: boolean;
}

/**
 * The part of an ioredis client that this package uses: of a `Redis`, also of one behind Sentinel. ioredis itself is
 * yours, not a dependency.
 */
export interface RedisClient {
  readonly status: string;
  readonly options: { readonly keyPrefix?: string | undefined };
  duplicate(settings: RedisClientSettings): RedisClient;
  connect(): Promise<void>;
  disconnect(): void;
  call(command: string, args: (string | number)[]): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  on(event: "ready" | "close" | "end", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  once(event: "ready" | "end", listener: () => void): unknown;
}
