import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { bounded } from "./bounded.ts";
import { closeClient } from "./close-client.ts";
import { encodeId } from "./encode-id.ts";
import type { RedisClient, RedisClientSettings } from "./redis-client.ts";
import { isLost, isUnknownScript, toRuntimeError } from "./redis-failure.ts";
import type { Script } from "./script.ts";
import { Subscriber } from "./subscriber.ts";

export interface RedisConnectionOptions {
  /**
   * Yours: what is opened here has its settings, as to address, password, TLS, database and key prefix. It is not used
   * otherwise, and not closed.
   */
  readonly redis: RedisClient;
  /** What all keys and channels begin with: letters, digits and `_.:-`. Default "agentscope". */
  readonly prefix?: string | undefined;
  /** How long a call may take, also while Redis is away, before it rejects with `unavailable`. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** True: resolves also while Redis is away. Calls reject with `unavailable` until it is there. Default false. */
  readonly lazy?: boolean | undefined;
}

/** A script with its keys and arguments. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args?: readonly (string | number)[];
  readonly signal?: AbortSignal | undefined;
}

/** A plain command and its arguments. */
export type Command = readonly [name: string, ...args: (string | number)[]];

/**
 * Connects to Redis. Rejects with `unavailable` when that cannot be done within `timeoutMs`; once it is done, a
 * connection that breaks is made again by itself.
 */
export async function openRedisConnection(options: RedisConnectionOptions): Promise<RedisConnection> {
  const connection = new RedisConnection(options);
  try {
    if (options.lazy !== true) await connection.command(["PING"]);
    return connection;
  } catch (thrown) {
    await connection[Symbol.asyncDispose]();
    throw thrown;
  }
}

/**
 * What any number of services share: one connection for commands, and one that hears what is published, opened when
 * somebody first listens. Dispose it after the services.
 *
 * The settings of your client that would lose or repeat a command are not taken over: nothing is queued while Redis is
 * away, nothing is sent again without a mark that it is, and every call ends.
 */
export class RedisConnection implements AsyncDisposable {
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly subscriber: Subscriber;
  readonly #redis: RedisClient;
  readonly #client: RedisClient;
  /** Tells the writes of this connection from those of all others. */
  readonly #writer = randomBytes(6).toString("base64url");
  #writes = 0;
  /** For those who wait until the connection stands. */
  #ready: PromiseWithResolvers<void> | undefined;
  #lastError: unknown;
  #over = false;

  constructor({ redis, prefix = "agentscope", timeoutMs = 5000 }: RedisConnectionOptions) {
    if (!/^[\w.:-]+$/.test(prefix)) {
      const details = { path: "prefix" };
      throw new RuntimeError("invalid_argument", "A prefix has letters, digits, and _ . : - only.", { details });
    }
    this.prefix = `${redis.options.keyPrefix ?? ""}${prefix}`;
    this.timeoutMs = timeoutMs;
    this.#redis = redis;
    this.#client = this.duplicate();
    this.#client.on("error", (error) => {
      this.#lastError = error;
    });
    this.#client.on("ready", () => {
      this.#wake();
    });
    this.subscriber = new Subscriber(() => this.duplicate(), timeoutMs);
  }

  /**
   * A key. What stands in `slot` decides where in a cluster it lives: all keys of a script share it. The parts are encoded,
   * so that no two lists of parts become one key.
   */
  key(slot: readonly string[], ...parts: readonly string[]): string {
    return `${this.prefix}:{${slot.map(encodeId).join(":")}}:${parts.map(encodeId).join(":")}`;
  }

  /** Runs a script that changes nothing. */
  read(script: Script, { keys, args = [], signal }: ScriptCall): Promise<unknown> {
    return this.attempt(() => this.#evaluate(script, keys, args), signal);
  }

  /**
   * Runs a script that changes something. Before its own arguments it is given an id of this write, and whether it may have
   * been run already, "1" or "": then it must find out by the id, so that nothing is done twice.
   */
  write(script: Script, { keys, args = [], signal }: ScriptCall): Promise<unknown> {
    const id = `${this.#writer}${(++this.#writes).toString(36)}`;
    return this.attempt((_, again) => this.#evaluate(script, keys, [id, again ? "1" : "", ...args]), signal);
  }

  /** Sends a command that may be sent twice. */
  command([name, ...args]: Command, signal?: AbortSignal): Promise<unknown> {
    return this.attempt((client) => client.call(name, args), signal);
  }

  /**
   * Does something with the client once it is connected, and again when the connection breaks meanwhile. What is thrown for
   * Redis' part is `unavailable`; when the signal aborts, it rejects with its reason.
   */
  async attempt<T>(use: (client: RedisClient, again: boolean) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const bounds = { timeoutMs: this.timeoutMs, signal, tooLate: () => this.#noAnswer() };
    let over = false;
    const repeat = async (): Promise<T> => {
      for (let again = false; ; again = true) {
        if (this.#client.status !== "ready") await this.#untilReady();
        if (over) throw new Error("Nobody waits for this any more.");
        try {
          return await use(this.#client, again);
        } catch (thrown) {
          if (!isLost(thrown)) throw toRuntimeError(thrown);
        }
        await sleep(retryMs); // The client may need a moment to notice.
      }
    };
    try {
      return await bounded(repeat(), bounds);
    } finally {
      over = true;
    }
  }

  /** Another connection with the same settings, for what cannot share. Whoever calls this closes it. */
  duplicate(changes: Partial<RedisClientSettings> = {}): RedisClient {
    return this.#redis.duplicate({
      lazyConnect: true,
      keyPrefix: "", // It is a part of `prefix`, since ioredis puts it before keys, but not before channels.
      enableOfflineQueue: false,
      enableAutoPipelining: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      socketTimeout: this.timeoutMs,
      disconnectTimeout: 200,
      retryStrategy: reconnectDelay,
      replyMapping: "legacy",
      stringNumbers: false,
      ...changes,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await Promise.all([this.subscriber[Symbol.asyncDispose](), closeClient(this.#client)]);
    this.#wake(); // Whoever waits sees that it is over.
  }

  async #evaluate(
    { lua, digest }: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args];
    try {
      return await this.#client.call("EVALSHA", [digest, ...rest]);
    } catch (thrown) {
      if (!isUnknownScript(thrown)) throw thrown;
      return this.#client.call("EVAL", [lua, ...rest]);
    }
  }

  async #untilReady(): Promise<void> {
    if (!this.#over) {
      if (this.#client.status === "wait") this.#client.connect().catch(() => undefined); // It goes on trying.
      this.#ready ??= Promise.withResolvers();
      await this.#ready.promise;
    }
    if (this.#over) throw new RuntimeError("unavailable", "The connection to Redis has been disposed.");
  }

  #wake(): void {
    this.#ready?.resolve();
    this.#ready = undefined;
  }

  #noAnswer(): RuntimeError {
    const { status } = this.#client;
    const message =
      status === "ready"
        ? `Redis did not answer within ${this.timeoutMs} ms. Whether the call has had an effect is not known.`
        : "Redis cannot be reached. Check that it runs, and the address and password of the client.";
    return new RuntimeError("unavailable", message, { cause: this.#lastError });
  }
}

/** Soon at first, and then every second. */
export function reconnectDelay(times: number): number {
  return Math.min(25 * 2 ** times, 1000);
}

/** The pause before a command is sent again. */
const retryMs = 10;
