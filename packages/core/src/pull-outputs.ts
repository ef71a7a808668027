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
export async function pullOutputs(options: PullOutputsOptions): Promise<void> {
  const { signal, graceMs, onAbandoned } = options;
  signal.throwIfAborted();
  const pull = new Pull(options);
  const abandoned = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => {
      onAbandoned();
      abandoned.reject(signal.reason);
    }, graceMs);
    pull.leave();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    // One race for the whole run, and not one for each output: agents are trusted to answer until they are told to stop.
    await Promise.race([pull.run(), abandoned.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    clearTimeout(timer);
  }
}

class Pull {
  readonly #options: PullOutputsOptions;
  #iterator: OutputIterator | undefined;

  constructor(options: PullOutputsOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { reply, tell, signal } = this.#options;
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
    try {
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

  /** Tells the iterator that nobody waits for it any more: an iterator that is no generator may stop at once. */
  leave(): void {
    // Not at once: a generator that made the signal abort itself is still running, and cannot be left. What it throws
    // while it stops has nobody to hear it: the run already has its reason to end.
    Promise.resolve()
      .then(() => this.#iterator?.return?.())
      .catch(() => undefined);
  }
}

function isIterable(value: object): value is AsyncIterable<AgentOutput> | Iterable<AgentOutput> {
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

function iteratorOf(value: AsyncIterable<AgentOutput> | Iterable<AgentOutput>): OutputIterator {
  return Symbol.asyncIterator in value ? value[Symbol.asyncIterator]() : value[Symbol.iterator]();
}
