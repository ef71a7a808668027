import type { Budget, Usage } from "@agentscope-runtime/protocol";
import type { AgentOutput } from "./agent-output.ts";
import { incompleteFor } from "./incomplete-for.ts";
import type { RunStop } from "./run-stop.ts";

export interface Spent {
  readonly wall_time: number;
  readonly tokens: number;
  readonly tool_calls: number;
  readonly cost: number;
}

/** What an agent may still use up, and where it reports what its outputs do not tell. */
export interface RunBudget {
  /** The least of what the app and the request allow; what is not there is unlimited. */
  readonly limits: Budget;
  /** So far. `wall_time` in milliseconds. */
  readonly spent: Spent;
  /** Adds what no output tells, such as the calls of an agent within the agent. Stops the run when that is too much. */
  spend(amounts: { readonly tokens?: number; readonly tool_calls?: number; readonly cost?: number }): void;
}

type Counted = "tokens" | "tool_calls" | "cost";

const counted: readonly Counted[] = ["tokens", "tool_calls", "cost"];

/** Counts what a run uses up, and stops it when it is over a limit. */
export class BudgetMeter implements RunBudget {
  readonly limits: Budget;
  readonly #stop: RunStop;
  readonly #spent = { tokens: 0, tool_calls: 0, cost: 0 };
  readonly #beganAt = performance.now();

  constructor(limits: Budget, stop: RunStop) {
    this.limits = limits;
    this.#stop = stop;
  }

  get spent(): Spent {
    return { ...this.#spent, wall_time: Math.round(performance.now() - this.#beganAt) };
  }

  spend(amounts: { readonly [name in Counted]?: number }): void {
    for (const name of counted) {
      this.#spent[name] += amounts[name] ?? 0;
      const limit = this.limits[name];
      if (limit !== undefined && this.#spent[name] > limit) this.#stop.stop(incompleteFor(name));
    }
  }

  /** Counts an output before it is told, so that a call too many is not. */
  count(output: AgentOutput): void {
    if (typeof output === "string") return;
    if (output.type === "usage") this.spend(spentIn(output.usage));
    else if (output.type === "tool.call" && output.kind !== "function") this.spend({ tool_calls: 1 });
  }
}

/** What both allow. */
export function strictest(one: Budget, other: Budget): Budget {
  const names = ["wall_time", ...counted] as const;
  const least = names.flatMap((name) => {
    const limits = [one[name], other[name]].filter((limit) => limit !== undefined);
    return limits.length === 0 ? [] : [[name, Math.min(...limits)] as const];
  });
  return Object.fromEntries(least);
}

function spentIn({ total_tokens, input_tokens, output_tokens, ...rest }: Usage): { tokens: number; cost: number } {
  const { cost } = rest;
  return {
    tokens: total_tokens ?? (input_tokens ?? 0) + (output_tokens ?? 0),
    cost: typeof cost === "number" && cost > 0 ? cost : 0,
  };
}
