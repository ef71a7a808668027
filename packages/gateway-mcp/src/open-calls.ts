import type { Subscription, Topic } from "@agentscope-runtime/services";
import type { RequestId } from "@modelcontextprotocol/server";

/** A call, by how its client speaks of it. */
export interface CallKey {
  readonly ownerId: string;
  /** The client's MCP session. */
  readonly session: string;
  readonly requestId: RequestId;
}

const name = "mcp/cancel";

/** The calls that can be canceled by a request to any replica. */
export class OpenCalls {
  readonly #topic: Topic;
  readonly #open = new Map<string, AbortController>();
  #listening: Promise<Subscription> | undefined;

  constructor(topic: Topic) {
    this.#topic = topic;
  }

  /** Begins to listen. `signal` aborts when the call is canceled; `close` must be called when it is over. */
  open(key: CallKey): { readonly signal: AbortSignal; readonly close: () => void } {
    const text = textOf(key);
    const stop = new AbortController();
    this.#open.set(text, stop);
    this.#listening ??= this.#listen();
    const close = (): void => {
      if (this.#open.get(text) === stop) this.#open.delete(text);
      if (this.#open.size === 0) void this.#leave();
    };
    return { signal: stop.signal, close };
  }

  /** Cancels a call wherever it is; one that is over, or of another caller, is left alone. */
  async cancel(key: CallKey): Promise<void> {
    const text = textOf(key);
    if (this.#open.has(text)) this.#stop(text);
    else await this.#topic.publish(name, text);
  }

  #stop(text: string): void {
    this.#open.get(text)?.abort();
  }

  async #listen(): Promise<Subscription> {
    const subscription = await this.#topic.subscribe(name);
    void this.#hear(subscription);
    return subscription;
  }

  async #hear(subscription: Subscription): Promise<void> {
    try {
      for await (const text of subscription) this.#stop(text);
    } catch {
      this.#listening = undefined; // The next call listens again.
    }
  }

  async #leave(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    try {
      await (await listening)?.[Symbol.asyncDispose]();
    } catch {
      // It could not be listened to: there is nothing to leave.
    }
  }
}

function textOf({ ownerId, session, requestId }: CallKey): string {
  return JSON.stringify([ownerId, session, requestId]);
}
