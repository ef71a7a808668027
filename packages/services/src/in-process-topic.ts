import type { CallOptions } from "./call-options.ts";
import { Follower } from "./follower.ts";
import { Lifetime } from "./lifetime.ts";
import { NewestQueue } from "./newest-queue.ts";
import type { Subscription, Topic } from "./topic.ts";

interface Listener {
  readonly queue: NewestQueue<string>;
  readonly follower: Follower<string>;
}

/** Messages among the parts of one process. A service with more replicas can use it to fan out what it receives. */
export class InProcessTopic implements Topic {
  readonly #lifetime = new Lifetime("InProcessTopic");
  readonly #listeners = new Map<string, Set<Listener>>();

  async publish(name: string, message: string, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    for (const { queue, follower } of this.#listeners.get(name) ?? []) {
      queue.push(message);
      follower.wake();
    }
  }

  async subscribe(name: string, options?: CallOptions): Promise<Subscription> {
    this.#lifetime.assertOpen(options);
    const queue = new NewestQueue<string>(mostBehind);
    const follower = new Follower<string>({
      signal: options?.signal,
      take: () => {
        const value = queue.shift();
        return value === undefined ? undefined : { done: false, value };
      },
      onEnd: () => {
        this.#remove(name, listener);
      },
    });
    const listener = { queue, follower };
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return follower;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    const listeners = [...this.#listeners.values()].flatMap((some) => [...some]);
    for (const { follower } of listeners) follower.fail(this.#lifetime.error());
  }

  #remove(name: string, listener: Listener): void {
    const listeners = this.#listeners.get(name);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(name);
  }
}

const mostBehind = 10_000;
