import type { AgentOutput } from "@agentscope-runtime/core";

interface Waiting {
  readonly outputs: AgentOutput[];
  hasEnded: boolean;
}

/**
 * Lets one message be said at a time. Models that run side by side stream their messages in pieces that mix; on the wire a
 * message is whole. Who began first has the floor, the others wait, in the order in which they began.
 */
export class Floor {
  #speaker: string | undefined;
  readonly #waiting = new Map<string, Waiting>();

  /** Whether what this speaker says is said at once. */
  isHeldBy(speaker: string): boolean {
    return this.#speaker === speaker;
  }

  /** What of these outputs is said now: all, or nothing yet. */
  *say(speaker: string, outputs: Iterable<AgentOutput>): Generator<AgentOutput> {
    this.#speaker ??= speaker;
    if (this.#speaker === speaker) {
      yield* outputs;
      return;
    }
    const waiting = this.#waiting.get(speaker) ?? { outputs: [], hasEnded: false };
    this.#waiting.set(speaker, waiting);
    waiting.outputs.push(...outputs);
  }

  /** The speaker has said all. Ending what never began changes nothing. */
  *end(speaker: string): Generator<AgentOutput> {
    const waiting = this.#waiting.get(speaker);
    if (waiting !== undefined) waiting.hasEnded = true;
    if (this.#speaker === speaker) yield* this.#next();
  }

  /** Whole outputs, that belong to nobody's message. */
  *interject(key: string, outputs: Iterable<AgentOutput>): Generator<AgentOutput> {
    yield* this.say(key, outputs);
    yield* this.end(key);
  }

  *#next(): Generator<AgentOutput> {
    this.#speaker = undefined;
    for (const [speaker, { outputs, hasEnded }] of this.#waiting) {
      this.#waiting.delete(speaker);
      yield* outputs;
      if (hasEnded) continue;
      this.#speaker = speaker;
      return;
    }
  }
}
