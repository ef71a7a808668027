import { untilAborted } from "@agentscope-runtime/services";
import type { AgentScopeAgent, AgentScopeModel, AgentScopeToolkit } from "./agentscope-agent.ts";
import type { AgentScopeBlock, AgentScopeDataBlock, AnyAgentScopeMessage } from "./agentscope-message.ts";
import { UniqueCallIds } from "./unique-call-ids.ts";

type Steps = AsyncGenerator<unknown, unknown>;

const nothing: readonly AgentScopeDataBlock[] = [];

/**
 * Makes an agent's waits end when a signal aborts, and hears of what its model made that no event tells. The framework knows no
 * signals, and closes neither a model's stream nor a tool that it leaves.
 */
export class StoppableAgent {
  readonly #agent: AgentScopeAgent;
  readonly #model: AgentScopeModel;
  readonly #toolkit: AgentScopeToolkit;
  readonly #signal: AbortSignal;
  readonly #open = new Set<Steps>();
  readonly #made: AgentScopeDataBlock[] = [];
  readonly #late: AgentScopeDataBlock[] = [];

  constructor(agent: AgentScopeAgent, signal: AbortSignal) {
    this.#agent = agent;
    this.#model = agent.model;
    this.#toolkit = agent.toolkit;
    this.#signal = signal;
    agent.model = withMethod(agent.model, "call", async (options: never) => this.#call(options));
    agent.toolkit = withMethod(agent.toolkit, "callToolFunction", (toolCall: never) =>
      this.#steps(this.#toolkit.callToolFunction(toolCall)),
    );
  }

  /**
   * The images and files that the model has made since this was asked last. Those of an answer that was not streamed come when
   * it is over: what it says comes first.
   */
  made({ isOver }: { readonly isOver: boolean }): readonly AgentScopeDataBlock[] {
    if (this.#made.length === 0 && (!isOver || this.#late.length === 0)) return nothing; // Asked for each event.
    return [...this.#made.splice(0), ...(isOver ? this.#late.splice(0) : [])];
  }

  /** Gives the agent its own model and toolkit back, and closes what they left open, without waiting for it. */
  release(): void {
    this.#agent.model = this.#model;
    this.#agent.toolkit = this.#toolkit;
    for (const steps of this.#open) steps.return(undefined).catch(() => undefined);
    this.#open.clear();
  }

  async #call(options: never): Promise<unknown> {
    this.#signal.throwIfAborted();
    // The framework's word: agents ask a model with the messages.
    const ids = new UniqueCallIds((options as { readonly messages: readonly AnyAgentScopeMessage[] }).messages);
    const response = await untilAborted(this.#model.call(options), this.#signal);
    if (isSteps(response)) return this.#watch(response, ids);
    return this.#seen(response, ids, this.#late);
  }

  /** A streamed answer comes in pieces, and whole at its end. */
  async *#watch(answer: Steps, ids: UniqueCallIds): Steps {
    let isMade = false;
    const steps = this.#steps(answer);
    for (;;) {
      const next = await steps.next();
      const before = this.#made.length;
      // What was told in pieces is not told again.
      const seen = this.#seen(next.value, ids, next.done === true && isMade ? [] : this.#made);
      isMade ||= this.#made.length > before;
      if (next.done === true) return seen;
      yield seen;
    }
  }

  /** An answer, or a piece of one, and what the model made. */
  #seen(answer: unknown, ids: UniqueCallIds, made: AgentScopeDataBlock[]): unknown {
    if (typeof answer !== "object" || answer === null || !("content" in answer)) return answer;
    // The framework's word: what its models answer has blocks.
    const { content } = answer as { readonly content: readonly AgentScopeBlock[] };
    made.push(...content.filter((block) => block.type === "data"));
    return ids.in({ ...answer, content });
  }

  async *#steps(steps: Steps): Steps {
    this.#open.add(steps);
    for (;;) {
      this.#signal.throwIfAborted();
      const next = await untilAborted(steps.next(), this.#signal);
      if (next.done === true) {
        this.#open.delete(steps);
        return next.value;
      }
      yield next.value;
    }
  }
}

/** The same object, but for one method. The others keep their `this`, for private fields. */
function withMethod<T extends object>(target: T, name: keyof T, method: unknown): T {
  return new Proxy(target, {
    get: (_, key) => {
      if (key === name) return method;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
    set: (_, key, value) => Reflect.set(target, key, value, target),
  });
}

function isSteps(value: unknown): value is Steps {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}
