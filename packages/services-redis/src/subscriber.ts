import { RuntimeError } from "@agentscope-runtime/protocol";
import { bounded } from "./bounded.ts";
import { closeClient } from "./close-client.ts";
import type { RedisClient } from "./redis-client.ts";

export interface ChannelListener {
  readonly onMessage: (message: string) => void;
  /** Messages may have been missed: the connection was away, and stands again. */
  readonly onGap?: () => void;
}

interface Channel {
  readonly listeners: Set<ChannelListener>;
  /** Those who wait until Redis has confirmed that we listen. */
  readonly joining: Map<ChannelListener, PromiseWithResolvers<void>>;
}

/** Hears what is published, for any number of listeners, on one connection. It is opened when somebody first listens. */
export class Subscriber implements AsyncDisposable {
  readonly #open: () => RedisClient;
  readonly #timeoutMs: number;
  readonly #channels = new Map<string, Channel>();
  #client: RedisClient | undefined;
  #pulse: NodeJS.Timeout | undefined;
  #lastError: unknown;
  #over = false;

  constructor(open: () => RedisClient, timeoutMs: number) {
    this.#open = open;
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves when all that is published from then on is heard, and nothing that was published before; returns what ends it. */
  async listen(name: string, listener: ChannelListener, signal?: AbortSignal): Promise<() => void> {
    const client = this.#connected();
    const channel: Channel = this.#channels.get(name) ?? { listeners: new Set(), joining: new Map() };
    this.#channels.set(name, channel);
    const joined = Promise.withResolvers<void>();
    channel.joining.set(listener, joined);
    if (client.status === "ready") void this.#subscribe(client, [name]);
    const stop = (): void => {
      this.#stop(name, listener);
    };
    try {
      await bounded(joined.promise, { timeoutMs: this.#timeoutMs, signal, tooLate: () => this.#deaf() });
      return stop;
    } catch (thrown) {
      stop();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    clearInterval(this.#pulse);
    for (const { joining } of this.#channels.values()) for (const { reject } of joining.values()) reject(disposed());
    this.#channels.clear();
    if (this.#client !== undefined) await closeClient(this.#client);
  }

  #connected(): RedisClient {
    if (this.#over) throw disposed();
    if (this.#client !== undefined) return this.#client;
    const client = this.#open();
    this.#client = client;
    client.on("error", (error) => {
      this.#lastError = error;
    });
    client.on("message", (name, message) => {
      for (const listener of this.#channels.get(name)?.listeners ?? []) listener.onMessage(message);
    });
    client.on("ready", () => {
      void this.#subscribeAgain(client);
    });
    client.connect().catch(() => undefined); // It goes on trying.
    // ioredis connects again when there is no answer: a dead connection on which nothing is sent would never be noticed.
    this.#pulse = setInterval(() => {
      if (client.status === "ready") client.call("PING", []).catch(() => undefined);
    }, pulseMs).unref();
    return client;
  }

  async #subscribeAgain(client: RedisClient): Promise<void> {
    const old = [...this.#channels.values()].flatMap(({ listeners }) => [...listeners]);
    await this.#subscribe(client, [...this.#channels.keys()]);
    for (const listener of old) listener.onGap?.();
  }

  /** What fails here is done again when the connection stands again. */
  async #subscribe(client: RedisClient, names: readonly string[]): Promise<void> {
    const joining = names.flatMap((name) => {
      const channel = this.#channels.get(name);
      return channel === undefined ? [] : Array.from(channel.joining, (entry) => [channel, ...entry] as const);
    });
    try {
      for (let at = 0; at < names.length; at += mostAtOnce) await client.subscribe(...names.slice(at, at + mostAtOnce));
    } catch (thrown) {
      this.#lastError = thrown;
      return;
    }
    for (const [channel, listener, { resolve }] of joining) {
      if (channel.joining.delete(listener)) channel.listeners.add(listener);
      resolve();
    }
  }

  #stop(name: string, listener: ChannelListener): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    channel.listeners.delete(listener);
    channel.joining.delete(listener);
    if (channel.listeners.size + channel.joining.size > 0) return;
    this.#channels.delete(name);
    if (this.#client?.status === "ready") this.#client.unsubscribe(name).catch(() => undefined);
  }

  #deaf(): RuntimeError {
    const message = "Redis cannot be reached to listen to it. Check that it runs, and lets its user subscribe.";
    return new RuntimeError("unavailable", message, { cause: this.#lastError });
  }
}

function disposed(): RuntimeError {
  return new RuntimeError("unavailable", "The connection to Redis has been disposed.");
}

const pulseMs = 10_000;
const mostAtOnce = 1000;
