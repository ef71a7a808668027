import type { Usage } from "@agentscope-runtime/protocol";

/** The tokens of a run; what nobody has counted is 0. */
interface Counts {
  readonly input: number;
  readonly output: number;
  readonly total: number;
  readonly cached: number;
  readonly reasoning: number;
}

export interface ChatUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
}

export interface ResponseUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

/** Zeros where the agent has told nothing, since many clients expect numbers. */
export function toChatUsage(usage: Usage | null): ChatUsage {
  const { input, output, total, cached, reasoning } = countsOf(usage ?? {});
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: total,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

/** Null where the agent has told nothing. */
export function toResponseUsage(usage: Usage | null): ResponseUsage | null {
  if (usage === null) return null;
  const { input, output, total, cached, reasoning } = countsOf(usage);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: total,
  };
}

function countsOf(usage: Usage): Counts {
  const input = count(usage.input_tokens);
  const output = count(usage.output_tokens);
  return {
    input,
    output,
    total: typeof usage.total_tokens === "number" ? count(usage.total_tokens) : input + output,
    // Adapters tell these flat, agents that hand on OpenAI's own usage nested.
    cached: count(usage["cached_input_tokens"] ?? field(usage["input_tokens_details"], "cached_tokens")),
    reasoning: count(usage["reasoning_tokens"] ?? field(usage["output_tokens_details"], "reasoning_tokens")),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** Counts are whole numbers on the wire of OpenAI. */
function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.round(value)) : 0;
}
