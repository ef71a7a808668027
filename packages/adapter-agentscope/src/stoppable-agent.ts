import { untilAborted } from "@agentscope-runtime/services";
import type { AgentScopeAgent, AgentScopeModel, AgentScopeToolkit } from "./agentscope-agent.ts";
import type { AgentScopeBlock, AgentScopeDataBlock } from "./agentscope-message.ts";

type Steps = AsyncGenerator<unknown, unknown>;

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
  #made: AgentScopeDataBlock[] = [];

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

  /** The images and files that the model has made since this was asked last. */
  made(): AgentScopeDataBlock[] {
    const made = this.#made;
    this.#made = [];
    return made;
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
    const response = await untilAborted(this.#model.call(options), this.#signal);
    if (isSteps(response)) return this.#watch(response);
    this.#made.push(...dataIn(response));
    return response;
  }

  /** A streamed answer comes in pieces, and whole at its end. */
  async *#watch(answer: Steps): Steps {
    let isMade = false;
    const steps = this.#steps(answer);
    for (;;) {
      const next = await steps.next();
      const made = dataIn(next.value);
      if (next.done !== true || !isMade) this.#made.push(...made);
      isMade ||= made.length > 0;
      if (next.done === true) return next.value;
      yield next.value;
    }
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

function dataIn(response: unknown): AgentScopeDataBlock[] {
  if (typeof response !== "object" || response === null || !("content" in response)) return [];
  // The framework's word: what its models answer has blocks, and one of this type has these fields.
  const content = response.content as readonly AgentScopeBlock[];
  return content.filter((block) => block.type === "data");
}
