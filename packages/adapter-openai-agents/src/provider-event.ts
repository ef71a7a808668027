import { isObject, stopReason } from "@agentscope-runtime/core/adapter";
import { z } from "zod";

/** What a provider's own event says beyond what the SDK makes of it. */
export type ProviderNews =
  | { readonly type: "reasoning" | "refusal"; readonly delta: string; readonly id: string }
  | {
      readonly type: "call";
      /** What the pieces of its arguments are told under. */
      readonly key: string;
      readonly callId: string;
      readonly name: string;
      readonly serverLabel: string | undefined;
    }
  | { readonly type: "arguments"; readonly key: string; readonly delta: string }
  /** Why the model stopped, when it was not because it was done. */
  | { readonly type: "stop"; readonly reason: string | undefined; readonly usage?: ProviderUsage | undefined };

interface ProviderUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
}

const text = z.string();
const id = z.string().default("");
const responsesUsage = z
  .object({ input_tokens: z.number(), output_tokens: z.number(), total_tokens: z.number() })
  .transform((usage) => ({
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    totalTokens: usage.total_tokens,
  }));

/** Events of OpenAI's Responses. */
const responsesSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("response.output_item.added"),
    item: z.looseObject({
      type: text,
      id: text.optional(),
      call_id: text.optional(),
      name: text.optional(),
      server_label: text.optional(),
    }),
  }),
  z.object({
    type: z.enum(["response.function_call_arguments.delta", "response.mcp_call_arguments.delta"]),
    item_id: text,
    delta: text,
  }),
  z.object({
    type: z.enum(["response.reasoning_summary_text.delta", "response.reasoning_text.delta"]),
    item_id: id,
    summary_index: z.number().optional(),
    delta: text,
  }),
  z.object({ type: z.literal("response.refusal.delta"), item_id: id, delta: text }),
  z.object({
    type: z.literal("response.incomplete"),
    response: z.object({
      incomplete_details: z.object({ reason: text.optional() }).nullish(),
      usage: responsesUsage.nullish().catch(undefined),
    }),
  }),
]);

/** Chunks of chat completions, with the reasoning that other providers add. */
const chatSchema = z.object({
  choices: z.array(
    z.object({
      index: z.number().default(0),
      finish_reason: text.nullish(),
      delta: z
        .object({
          reasoning: z.unknown().optional(),
          reasoning_content: z.unknown().optional(),
          refusal: z.unknown().optional(),
          tool_calls: z
            .array(
              z.object({
                index: z.number(),
                id: text.nullish(),
                function: z.object({ name: text.nullish(), arguments: text.nullish() }).nullish(),
              }),
            )
            .nullish(),
        })
        .nullish(),
    }),
  ),
});

/** Parts of a language model of the AI SDK, as its extension of the Agents SDK hands them on. */
const partSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("reasoning-delta"), id, delta: text }),
  z.object({ type: z.literal("tool-input-start"), id: text, toolName: text }),
  z.object({ type: z.literal("tool-input-delta"), id: text, delta: text }),
  z.object({
    type: z.literal("finish"),
    finishReason: z.union([text, z.object({ unified: text }).transform(({ unified }) => unified)]),
  }),
]);

/** Most events are of no other use, and checking each in full would cost more than the rest of the adapter. */
const responsesTypes = new Set([
  "response.output_item.added",
  "response.function_call_arguments.delta",
  "response.mcp_call_arguments.delta",
  "response.reasoning_summary_text.delta",
  "response.reasoning_text.delta",
  "response.refusal.delta",
  "response.incomplete",
]);
const partTypes = new Set(["reasoning-delta", "tool-input-start", "tool-input-delta", "finish"]);

/** Reads a provider's own events: of Responses, of chat completions, and of the AI SDK. Others say nothing. */
export function readProviderEvent(event: unknown): ProviderNews[] {
  if (!isObject(event)) return [];
  const { type, choices } = event;
  if (typeof type === "string" && responsesTypes.has(type)) return read(responsesSchema, event, ofResponses);
  if (typeof type === "string" && partTypes.has(type)) return read(partSchema, event, ofPart);
  if (choices === undefined) return [];
  return read(chatSchema, event, (chunk) => chunk.choices.filter(({ index }) => index === 0).flatMap(ofChoice));
}

function read<S extends z.ZodType>(
  schema: S,
  event: object,
  tell: (event: z.output<S>) => ProviderNews[],
): ProviderNews[] {
  const { success, data } = schema.safeParse(event);
  return success ? tell(data) : [];
}

function ofResponses(event: z.infer<typeof responsesSchema>): ProviderNews[] {
  switch (event.type) {
    case "response.output_item.added": {
      const { type, id: key, call_id: callId, name, server_label: serverLabel } = event.item;
      if (key === undefined || name === undefined) return [];
      if (type === "mcp_call") return [{ type: "call", key, callId: key, name, serverLabel }];
      if (type !== "function_call" || callId === undefined) return [];
      return [{ type: "call", key, callId, name, serverLabel: undefined }];
    }
    case "response.function_call_arguments.delta":
    case "response.mcp_call_arguments.delta":
      return [{ type: "arguments", key: event.item_id, delta: event.delta }];
    case "response.reasoning_summary_text.delta":
    case "response.reasoning_text.delta":
      return [{ type: "reasoning", id: `${event.item_id}/${event.summary_index ?? 0}`, delta: event.delta }];
    case "response.refusal.delta":
      return [{ type: "refusal", id: event.item_id, delta: event.delta }];
    case "response.incomplete": {
      const { incomplete_details: details, usage } = event.response;
      return [{ type: "stop", reason: stopReason(details?.reason ?? "interrupted"), usage: usage ?? undefined }];
    }
  }
}

function ofPart(part: z.infer<typeof partSchema>): ProviderNews[] {
  switch (part.type) {
    case "reasoning-delta":
      return [{ type: "reasoning", id: part.id, delta: part.delta }];
    case "tool-input-start":
      return [{ type: "call", key: part.id, callId: part.id, name: part.toolName, serverLabel: undefined }];
    case "tool-input-delta":
      return [{ type: "arguments", key: part.id, delta: part.delta }];
    case "finish":
      return [{ type: "stop", reason: stopReason(part.finishReason) }];
  }
}

function ofChoice({ delta, finish_reason: finish }: z.infer<typeof chatSchema>["choices"][number]): ProviderNews[] {
  const news: ProviderNews[] = [];
  const thought = delta?.reasoning ?? delta?.reasoning_content;
  if (typeof thought === "string") news.push({ type: "reasoning", id: "", delta: thought });
  if (typeof delta?.refusal === "string") news.push({ type: "refusal", id: "", delta: delta.refusal });
  for (const { index, id: callId, function: called } of delta?.tool_calls ?? []) {
    const key = String(index);
    if (callId && called?.name) news.push({ type: "call", key, callId, name: called.name, serverLabel: undefined });
    if (called?.arguments) news.push({ type: "arguments", key, delta: called.arguments });
  }
  if (typeof finish === "string") news.push({ type: "stop", reason: stopReason(finish) });
  return news;
}
