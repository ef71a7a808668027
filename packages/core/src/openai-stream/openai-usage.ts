import type { Usage } from "@agentscope-runtime/protocol";
import { knownUsage } from "../adapter/known-usage.ts";

/** Usage in the words of both APIs. */
export interface OpenAIUsage {
  readonly input_tokens?: number | null;
  readonly output_tokens?: number | null;
  readonly prompt_tokens?: number | null;
  readonly completion_tokens?: number | null;
  readonly total_tokens?: number | null;
  readonly input_tokens_details?: Details | null;
  readonly output_tokens_details?: Details | null;
  readonly prompt_tokens_details?: Details | null;
  readonly completion_tokens_details?: Details | null;
}

interface Details {
  readonly cached_tokens?: number | null;
  readonly reasoning_tokens?: number | null;
}

/** The tokens that are known; undefined when none is. */
export function toUsage(usage: OpenAIUsage): Usage | undefined {
  return knownUsage({
    input_tokens: usage.input_tokens ?? usage.prompt_tokens,
    output_tokens: usage.output_tokens ?? usage.completion_tokens,
    total_tokens: usage.total_tokens,
    cached_input_tokens: (usage.input_tokens_details ?? usage.prompt_tokens_details)?.cached_tokens,
    reasoning_tokens: (usage.output_tokens_details ?? usage.completion_tokens_details)?.reasoning_tokens,
  });
}
