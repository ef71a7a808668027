import { knownUsage } from "@agentscope-runtime/core/adapter";
import type { Usage } from "@agentscope-runtime/protocol";
import type { MastraStepEnd, MastraUsage } from "./mastra-chunk.ts";

/** The tokens that are known; undefined when none is. */
export function toUsage(usage: MastraUsage | undefined): Usage | undefined {
  return knownUsage({
    input_tokens: usage?.inputTokens,
    output_tokens: usage?.outputTokens,
    total_tokens: usage?.totalTokens,
    cached_input_tokens: usage?.cachedInputTokens,
    cache_write_tokens: usage?.cacheCreationInputTokens,
    reasoning_tokens: usage?.reasoningTokens,
  });
}

/** The tokens of one step. */
export function stepUsage({ stepResult, output }: MastraStepEnd): Usage | undefined {
  // Mastra writes the total over those of the last step while a slow reader has yet to see them.
  const last = stepResult?.isContinued === true ? undefined : output?.steps?.at(-1)?.usage;
  return toUsage(last ?? output?.usage);
}
