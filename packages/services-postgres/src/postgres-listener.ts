import { setTimeout as sleep } from "node:timers/promises";
import type { ListenHandlers } from "./driver.ts";
import type { PostgresClient, PostgresPool } from "./postgres-pool.ts";

/** How often a silent connection is asked whether it still is one, and how long it has for the answer. */
const checkMs = 30_000;
const answerMs = 10_000;
const shortestPauseMs = 50;
const longestPauseMs = 5_000;

/**
 * Listens on one connection, which it keeps out of the pool from the first channel on. When that is lost it takes another
 * one, until it is disposed.
 */
export class PostgresListener implements AsyncDisposable {
  readonly #pool: PostgresPool;
  readonly #channels = new Map<string, Set<ListenHandlers>>();
  readonly #closing = new AbortController();
  #client: PostgresClient | undefined;
  #check: NodeJS.Timeout | undefined;
  #opening: Promise<PostgresClient> | undefined;
  #reopening: Promise<void> | undefined;

  constructor(pool: PostgresPool) {
    this.#pool = pool;
  }

  /** Rejects when it cannot listen now; what it listens to already it takes up again by itself. */
  async listen(channel: string, handlers: ListenHandlers): Promise<AsyncDisposable> {
    const channels = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, channels.add(handlers));
    const forget = (): void => {
      channels.delete(handlers);
    };
    try {
      const client = this.#client ?? (await (this.#opening ??= this.#open()));
      await client.query({ text: `listen "${channel}"` }); // Again changes nothing.
    } catch (thrown) {
      forget();
      throw thrown;
    }
    return {
      [Symbol.asyncDispose]: async () => {
        forget();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#opening?.catch(() => undefined);
    if (this.#client !== undefined) this.#drop(this.#client);
    await this.#reopening;
  }

  /** A connection that listens to all channels there are. */
  async #open(): Promise<PostgresClient> {
    try {
      const client = await this.#pool.connect();
      const onLoss = (): void => {
        this.#lose(client);
      };
      client.on("error", onLoss);
      client.on("end", onLoss);
      client.on("notification", ({ channel, payload = "" }) => {
        if (this.#client !== client) return;
        for (const { onMessage } of this.#channels.get(channel) ?? []) onMessage(payload);
      });
      this.#client = client;
      try {
        for (const channel of this.#channels.keys()) await client.query({ text: `listen "${channel}"` });
        this.#closing.signal.throwIfAborted();
      } catch (thrown) {
        if (this.#client === client) this.#drop(client);
        throw thrown;
      }
      this.#check = setInterval(() => void this.#ask(client), checkMs).unref();
      return client;
    } finally {
      this.#opening = undefined;
    }
  }

  /** A connection that listened is not fit for anybody else. */
  #drop(client: PostgresClient): void {
    this.#client = undefined;
    clearInterval(this.#check);
    client.release(true);
  }

  #lose(client: PostgresClient): void {
    if (this.#client !== client) return; // It is gone already.
    this.#drop(client);
    this.#reopening ??= this.#reopen();
  }

  async #reopen(): Promise<void> {
    const { signal } = this.#closing;
    let pauseMs = shortestPauseMs;
    while (this.#client === undefined && !signal.aborted) {
      try {
        await (this.#opening ??= this.#open());
      } catch {
        // It is not back yet.
        await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
    this.#reopening = undefined;
    if (signal.aborted) return;
    for (const handlers of this.#channels.values()) for (const { onReconnect } of handlers) onReconnect();
  }

  /** A connection can be cut so that neither side is told. */
  async #ask(client: PostgresClient): Promise<void> {
    const patience = setTimeout(() => {
      this.#lose(client);
    }, answerMs).unref();
    try {
      await client.query({ text: "select 1" });
    } catch {
      this.#lose(client);
    } finally {
      clearTimeout(patience);
    }
  }
}
