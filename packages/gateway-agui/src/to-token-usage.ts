import type { TokenUsage } from "@ag-ui/core";
import type { Usage } from "@agentscope-runtime/protocol";

/** The tokens of a run, as far as they were counted; nothing when none were. */
export function toTokenUsage(usage: Usage | null): TokenUsage[] {
  if (usage === null) return [];
  const counts = {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    totalTokens: usage.total_tokens,
    reasoningTokens: usage["reasoning_tokens"] ?? detail(usage["output_tokens_details"], "reasoning_tokens"),
    cachedInputTokens: usage["cached_input_tokens"] ?? detail(usage["input_tokens_details"], "cached_tokens"),
    cacheWriteInputTokens: usage["cache_write_tokens"],
  };
  const known = Object.entries(counts).filter(([, count]) => Number.isSafeInteger(count) && Number(count) >= 0);
  return known.length === 0 ? [] : [Object.fromEntries(known)];
}

function detail(details: unknown, name: string): unknown {
  return typeof details === "object" && details !== null
    ? Object.entries(details).find(([key]) => key === name)?.[1]
    : undefined;
}
