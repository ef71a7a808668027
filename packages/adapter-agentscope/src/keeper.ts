import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunContext } from "@agentscope-runtime/core";
import type { AgentScopeAgent } from "./agentscope-agent.ts";
import { emptyState, parseState, setState, stateOf } from "./agentscope-state.ts";

/** Where an agent's state is between requests. */
export interface Keeper {
  /** Puts the agent into the state that it was left in. */
  load(): Promise<void>;
  /** Also when the run has been stopped. */
  save(): Promise<void>;
  /** Whether something was saved in this run. */
  readonly hasSaved: boolean;
}

/** A write at the end of a run is not given up at once, and not waited for without end. */
const saveMs = 10_000;

/** An agent with a storage of its own keeps itself; any other is kept in the run's state, if there is one. */
export function keeperOf(agent: AgentScopeAgent, context: RunContext): Keeper {
  return agent.storage === undefined ? new StateKeeper(agent, context) : storageKeeper(agent);
}

function storageKeeper(agent: AgentScopeAgent): Keeper {
  return {
    load: async () => agent.loadState(),
    save: async () => agent.saveState(),
    // It saves at the end of every reply.
    hasSaved: true,
  };
}

class StateKeeper implements Keeper {
  readonly #agent: AgentScopeAgent;
  readonly #context: RunContext;
  /** Undefined where nothing is kept. */
  #version: number | undefined;
  #hasSaved = false;

  constructor(agent: AgentScopeAgent, context: RunContext) {
    this.#agent = agent;
    this.#context = context;
  }

  get hasSaved(): boolean {
    return this.#hasSaved;
  }

  async load(): Promise<void> {
    const saved = await unlessUnimplemented(this.#context.state.load());
    this.#version = saved === "unimplemented" ? undefined : (saved?.version ?? 0);
    const state =
      saved === undefined || saved === "unimplemented" ? emptyState : parseState(saved.state, this.#context.agent);
    setState(this.#agent, state);
  }

  async save(): Promise<void> {
    if (this.#version === undefined) return;
    // Not the run's signal, which may have aborted.
    const options = { expectedVersion: this.#version, signal: AbortSignal.timeout(saveMs) };
    this.#version = (await this.#context.state.save(stateOf(this.#agent), options)).version;
    this.#hasSaved = true;
  }
}

/** An app need not have every service. */
export async function unlessUnimplemented<T>(promise: Promise<T>): Promise<T | "unimplemented"> {
  try {
    return await promise;
  } catch (thrown) {
    if (RuntimeError.is(thrown) && thrown.code === "unimplemented") return "unimplemented";
    throw thrown;
  }
}
