/** In the words of OpenAI, Anthropic, Google, Bedrock, Ollama and the AI SDK. */
const reasons = new Map([
  ["length", "max_tokens"],
  ["max_tokens", "max_tokens"],
  ["max_output_tokens", "max_tokens"],
  ["model_context_window_exceeded", "max_tokens"],
  ["content_filter", "content_filter"],
  ["content_filtered", "content_filter"],
  ["guardrail_intervened", "content_filter"],
  ["refusal", "content_filter"],
  ["safety", "content_filter"],
  ["recitation", "content_filter"],
  ["blocklist", "content_filter"],
  ["prohibited_content", "content_filter"],
  ["interrupted", "interrupted"],
]);

/**
 * Why a model has stopped that was not done, as the reason of an incomplete run: `max_tokens`, `content_filter`, or `interrupted` where
 * its stream broke off. `finish` is what its provider calls it. Undefined for a model that was done, or called tools.
 */
export function stopReason(finish: string): string | undefined {
  return reasons.get(finish.toLowerCase().replaceAll("-", "_"));
}
