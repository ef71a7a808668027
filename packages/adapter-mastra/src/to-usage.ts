import type { Usage } from "@agentscope-runtime/protocol";
import type { MastraStepEnd, MastraUsage } from "./mastra-chunk.ts";

/** The tokens that are known; undefined when none is. */
export function toUsage(usage: MastraUsage | undefined): Usage | undefined {
  const counts = {
    input_tokens: usage?.inputTokens,
    output_tokens: usage?.outputTokens,
    total_tokens: usage?.totalTokens,
    cached_input_tokens: usage?.cachedInputTokens,
    cache_write_tokens: usage?.cacheCreationInputTokens,
    reasoning_tokens: usage?.reasoningTokens,
  };
  // A provider that counts badly reports NaN; the wire has no such number.
  const known = Object.entries(counts).filter(([, count]) => Number.isFinite(count));
  return known.length === 0 ? undefined : Object.fromEntries(known);
}

/** The tokens of one step. */
export function stepUsage({ stepResult, output }: MastraStepEnd): Usage | undefined {
  // Mastra writes the total over those of the last step while a slow reader has yet to see them.
  const last = stepResult?.isContinued === true ? undefined : output?.steps?.at(-1)?.usage;
  return toUsage(last ?? output?.usage);
}
