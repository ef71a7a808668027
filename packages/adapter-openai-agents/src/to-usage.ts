import type { Usage } from "@agentscope-runtime/protocol";
import type { AgentsUsage } from "./run-event.ts";

type Details = AgentsUsage["inputTokensDetails"];

/** Tokens of one call of a model. */
export function toUsage(usage: AgentsUsage): Usage {
  const cached = detail(usage.inputTokensDetails, "cached_tokens");
  const reasoning = detail(usage.outputTokensDetails, "reasoning_tokens");
  return {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    total_tokens: usage.totalTokens,
    ...(cached > 0 && { cached_input_tokens: cached }),
    ...(reasoning > 0 && { reasoning_tokens: reasoning }),
  };
}

function detail(details: Details, name: string): number {
  const all = details === undefined ? [] : [details].flat();
  return all.reduce((sum, each) => sum + (each[name] ?? 0), 0);
}

/** What has been spent so far. */
export interface Spent {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
}

export const nothingSpent: Spent = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };

export function plus(left: Spent, right: Spent): Spent {
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    totalTokens: left.totalTokens + right.totalTokens,
  };
}

/** What was spent beyond that; undefined when it is nothing. */
export function beyond(all: Spent, known: Spent): Usage | undefined {
  if (all.totalTokens <= known.totalTokens) return undefined;
  return {
    input_tokens: Math.max(0, all.inputTokens - known.inputTokens),
    output_tokens: Math.max(0, all.outputTokens - known.outputTokens),
    total_tokens: all.totalTokens - known.totalTokens,
  };
}
