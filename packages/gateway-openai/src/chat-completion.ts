import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentResponse } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { ChatStory } from "./chat-story.ts";
import type { ChatDelta } from "./chat-story.ts";
import { toChatUsage } from "./usage.ts";

/** What every piece of a completion repeats. */
export interface CompletionFacts {
  /** The run's id. */
  readonly id: string;
  readonly model: string;
}

/** For the OpenAPI document. */
export const chatCompletionSchema = z.looseObject({
  id: z.string(),
  object: z.literal("chat.completion"),
  created: z.int(),
  model: z.string(),
  choices: z.array(z.looseObject({ index: z.int(), finish_reason: z.string(), message: z.looseObject({}) })),
  usage: z.looseObject({}),
});

/** A run that has ended as one completion. Throws what the run failed with: a completion has no status for it. */
export function toCompletion(end: AgentResponse, { id, model }: CompletionFacts): object {
  const failure = failureOf(end);
  if (failure !== undefined) throw failure;
  const deltas = new ChatStory().tellAll(end);
  const calls = deltas.flatMap((delta) => ("tool_calls" in delta ? delta.tool_calls : []));
  const content = join(deltas, "content");
  const refusal = join(deltas, "refusal");
  const reasoning = join(deltas, "reasoning_content");
  const message = {
    role: "assistant",
    content: content === "" && (calls.length > 0 || refusal !== "") ? null : content,
    refusal: refusal === "" ? null : refusal,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(({ index: _index, ...call }) => call) }),
  };
  return {
    id,
    object: "chat.completion",
    created: end.created_at,
    model,
    choices: [{ index: 0, message, finish_reason: finishReason(end, calls.length), logprobs: null }],
    usage: toChatUsage(end.usage),
  };
}

/** Why a run has no completion, if so. */
export function failureOf({ status, error }: AgentResponse): RuntimeError | undefined {
  if (error !== null) return RuntimeError.fromInfo(error);
  return status === "canceled" ? new RuntimeError("canceled", "The run was canceled.") : undefined;
}

/** Why a completion ends, of the four reasons there are: one that was cut for whatever else has its length to blame. */
export function finishReason(
  { status, incomplete_details: cut }: AgentResponse,
  calls: number,
): "stop" | "length" | "tool_calls" | "content_filter" {
  if (status === "incomplete") return cut?.reason === "content_filter" ? "content_filter" : "length";
  return calls > 0 ? "tool_calls" : "stop";
}

function join(deltas: readonly ChatDelta[], voice: "content" | "refusal" | "reasoning_content"): string {
  return deltas.map((delta) => (delta as Readonly<Record<string, string>>)[voice] ?? "").join(""); // Only texts have these names.
}
