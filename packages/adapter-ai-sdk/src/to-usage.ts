import { knownUsage } from "@agentscope-runtime/core/adapter";
import type { Usage } from "@agentscope-runtime/protocol";
import type { AiSdkUsage } from "./ai-sdk-part.ts";

/** The tokens that are known; undefined when none is. */
export function toUsage(usage: AiSdkUsage): Usage | undefined {
  return knownUsage({
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    total_tokens: usage.totalTokens,
    cached_input_tokens: usage.inputTokenDetails?.cacheReadTokens ?? usage.cachedInputTokens,
    cache_write_tokens: usage.inputTokenDetails?.cacheWriteTokens,
    reasoning_tokens: usage.outputTokenDetails?.reasoningTokens ?? usage.reasoningTokens,
  });
}
