import type { AgentOutput } from "./agent-output.ts";
import type { AgentReply } from "./agent-reply.ts";

export interface PullOutputsOptions {
  /** Calls the agent. */
  readonly reply: () => AgentReply;
  /** Given each output. The next one is asked for when the promise, if there is one, has resolved. */
  readonly tell: (output: AgentOutput) => Promise<void> | undefined;
  readonly signal: AbortSignal;
  /** How long the agent may take to stop once the signal aborted, in milliseconds. */
  readonly graceMs: number;
  /** Called when it took longer. The agent is left to itself, and nothing that it still yields is told. */
  readonly onAbandoned: () => void;
}

type OutputIterator = AsyncIterator<AgentOutput> | Iterator<AgentOutput>;

/**
 * Tells every output of an agent, whatever kind of reply it gives. Resolves when the agent is done and rejects with what
 * it threw, or, when the signal aborts, with the signal's reason, as soon as the agent has stopped.
 */
export function pullOutputs(options: PullOutputsOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const pull = new Pull(options, reject);
    pull
      .run()
      .finally(() => {
        pull.close();
      })
      .then(resolve, reject);
  });
}

class Pull {
  readonly #options: PullOutputsOptions;
  readonly #abandon: (reason: unknown) => void;
  #iterator: OutputIterator | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `abandon` is called when the agent does not stop. */
  constructor(options: PullOutputsOptions, abandon: (reason: unknown) => void) {
    this.#options = options;
    this.#abandon = abandon;
  }

  async run(): Promise<void> {
    const { reply, tell, signal } = this.#options;
    signal.throwIfAborted();
    signal.addEventListener("abort", this.#onAbort);
    try {
      const value = await reply();
      signal.throwIfAborted();
      if (value === undefined) return;
      // A string is iterable too, by characters.
      if (typeof value === "string" || !isIterable(value)) {
        await tell(value);
        return;
      }
      const iterator = iteratorOf(value);
      this.#iterator = iterator;
      for (;;) {
        const result = await iterator.next();
        if (result.done === true) this.#iterator = undefined;
        signal.throwIfAborted();
        if (result.done === true) return;
        const told = tell(result.value);
        if (told !== undefined) await told;
        signal.throwIfAborted();
      }
    } finally {
      await this.#iterator?.return?.();
    }
  }

  /** The agent has stopped. */
  close(): void {
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    clearTimeout(this.#timer);
  }

  readonly #onAbort = (): void => {
    const { signal, graceMs, onAbandoned } = this.#options;
    this.#timer = setTimeout(() => {
      onAbandoned();
      this.#abandon(signal.reason);
    }, graceMs);
    // Tells the iterator that nobody waits for it any more: one that is no generator may stop at once. Not in this turn: a
    // generator that made the signal abort itself is still running, and cannot be left. What it throws while it stops has
    // nobody to hear it: the run already has its reason to end.
    Promise.resolve()
      .then(() => this.#iterator?.return?.())
      .catch(() => undefined);
  };
}

function isIterable(value: object): value is AsyncIterable<AgentOutput> | Iterable<AgentOutput> {
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

function iteratorOf(value: AsyncIterable<AgentOutput> | Iterable<AgentOutput>): OutputIterator {
  return Symbol.asyncIterator in value ? value[Symbol.asyncIterator]() : value[Symbol.iterator]();
}
