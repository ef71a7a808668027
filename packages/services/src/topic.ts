import type { CallOptions } from "./call-options.ts";

/** Messages from now on, in the order they were published. Leaving the loop, or disposing, ends the subscription. */
export interface Subscription extends AsyncIterable<string>, AsyncDisposable {}

/**
 * Tells every replica something, at once and at most once: who does not listen misses it. Once disposed, every call
 * rejects with `unavailable`, and so does every loop. `topicContract` in `./testing` is the full text of this contract.
 */
export interface Topic extends AsyncDisposable {
  /** Resolves when it is on its way; it does not wait for the listeners. */
  publish(name: string, message: string, options?: CallOptions): Promise<void>;

  /**
   * Resolves when listening has begun: whatever is published after that arrives. When the signal aborts, the loop ends
   * with its reason. A listener who falls more than 10,000 messages behind loses the oldest of them.
   */
  subscribe(name: string, options?: CallOptions): Promise<Subscription>;
}
