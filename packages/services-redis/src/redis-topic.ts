import { RuntimeError } from "@agentscope-runtime/protocol";
import { Follower, Lifetime, NewestQueue } from "@agentscope-runtime/services";
import type { CallOptions, Subscription, Topic } from "@agentscope-runtime/services";
import { encodeId } from "./encode-id.ts";
import type { RedisConnection } from "./redis-connection.ts";

export interface RedisTopicOptions {
  /** Yours: it is not closed. */
  readonly connection: RedisConnection;
}

/** Messages by the publish and subscribe of Redis. What is published while a listener's connection is away, it misses. */
export class RedisTopic implements Topic {
  readonly #lifetime = new Lifetime("RedisTopic");
  readonly #connection: RedisConnection;
  readonly #loops = new Set<Follower<string>>();

  constructor({ connection }: RedisTopicOptions) {
    this.#connection = connection;
  }

  async publish(name: string, message: string, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const channel = this.#channel(name);
    await this.#connection.attempt((client, again) => {
      if (again) throw new RuntimeError("unavailable", "Whether the message was published is not known.");
      return client.call("PUBLISH", [channel, message]);
    }, options?.signal);
  }

  async subscribe(name: string, options?: CallOptions): Promise<Subscription> {
    this.#lifetime.assertOpen(options);
    const queue = new NewestQueue<string>(mostBehind);
    let stop = nothing;
    const loop = new Follower<string>({
      signal: options?.signal,
      take: () => {
        const value = queue.shift();
        return value === undefined ? undefined : { done: false, value };
      },
      onEnd: () => {
        this.#loops.delete(loop);
        stop();
      },
    });
    const onMessage = (message: string): void => {
      queue.push(message);
      loop.wake();
    };
    stop = await this.#connection.subscriber.listen(this.#channel(name), { onMessage }, options?.signal);
    try {
      this.#lifetime.assertOpen(options); // Much may have happened meanwhile.
    } catch (thrown) {
      stop();
      throw thrown;
    }
    this.#loops.add(loop);
    return loop;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    for (const loop of this.#loops) loop.fail(this.#lifetime.error());
  }

  #channel(name: string): string {
    return `${this.#connection.prefix}:topic:${encodeId(name)}`;
  }
}

const nothing = (): void => undefined;

const mostBehind = 10_000;
