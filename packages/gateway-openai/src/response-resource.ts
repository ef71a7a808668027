import { unreachable } from "@agentscope-runtime/protocol";
import type { AgentResponse, ErrorInfo, RunStatus, TerminalStatus } from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { OutputItem } from "./output-item.ts";
import type { Asked } from "./response-request.ts";
import { toResponseUsage } from "./usage.ts";

/** What a response repeats of its request. */
export interface ResponseFacts {
  readonly runId: string;
  readonly agent: string;
  readonly asked: Asked;
}

/** How far a run is, as its record or its events say. */
export type ResponseProgress = Pick<
  AgentResponse,
  "status" | "created_at" | "completed_at" | "error" | "incomplete_details" | "usage"
>;

/** For the OpenAPI document: what every response has. */
export const responseSchema = z.looseObject({
  id: z.string(),
  object: z.literal("response"),
  created_at: z.int(),
  completed_at: z.int().nullable(),
  status: z.enum(["queued", "in_progress", "completed", "failed", "cancelled", "incomplete"]),
  model: z.string(),
  output: z.array(z.looseObject({ type: z.string(), id: z.string() })),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  incomplete_details: z.object({ reason: z.string() }).nullable(),
  usage: z.looseObject({}).nullable(),
});

export const responseEventSchema = z.looseObject({ type: z.string(), sequence_number: z.int() });

/** The whole response object: every field that the specification requires, with its defaults where nothing was asked. */
export function toResource(
  { runId, agent, asked }: ResponseFacts,
  progress: ResponseProgress,
  output: readonly OutputItem[],
): object {
  const { reasoning, conversation, tools, text } = asked;
  return {
    id: runId,
    object: "response",
    created_at: progress.created_at,
    completed_at: progress.status === "completed" ? progress.completed_at : null,
    status: toStatus(progress.status),
    error: progress.error === null ? null : toResponseError(progress.error),
    incomplete_details: progress.incomplete_details && { reason: toReason(progress.incomplete_details.reason) },
    model: asked.model ?? agent,
    instructions: asked.instructions ?? null,
    previous_response_id: asked.previous_response_id ?? null,
    conversation: conversation ?? null,
    output,
    usage: toResponseUsage(progress.usage),
    tools: (tools ?? []).map(toTool),
    tool_choice: toToolChoice(asked.tool_choice ?? "auto"),
    parallel_tool_calls: asked.parallel_tool_calls ?? true,
    max_tool_calls: asked.max_tool_calls ?? null,
    max_output_tokens: asked.max_output_tokens ?? null,
    temperature: asked.temperature ?? 1,
    top_p: asked.top_p ?? 1,
    presence_penalty: asked.presence_penalty ?? 0,
    frequency_penalty: asked.frequency_penalty ?? 0,
    top_logprobs: asked.top_logprobs ?? 0,
    text: { ...text, format: text?.format ?? { type: "text" } },
    reasoning: { effort: reasoning?.effort ?? null, summary: reasoning?.summary ?? null },
    truncation: asked.truncation ?? "disabled",
    store: asked.store ?? true,
    background: asked.background ?? false,
    service_tier: asked.service_tier ?? "default",
    metadata: asked.metadata ?? {},
    safety_identifier: asked.safety_identifier ?? null,
    prompt_cache_key: asked.prompt_cache_key ?? null,
    user: asked.user ?? null,
  };
}

/** How the stream of a run ends. There is no event of its own for one that was canceled: its status says so. */
export function endEventType(status: TerminalStatus): string {
  switch (status) {
    case "completed":
      return "response.completed";
    case "failed":
    case "rejected":
      return "response.failed";
    case "canceled":
    case "incomplete":
      return "response.incomplete";
    default:
      return unreachable(status);
  }
}

function toStatus(status: RunStatus | null): string {
  switch (status) {
    case "completed":
    case "failed":
    case "incomplete":
    case "queued":
      return status;
    case "canceled":
      return "cancelled";
    case "rejected":
      return "failed";
    case "created":
    case "in_progress":
    case "unknown":
    case null:
      return "in_progress";
    default:
      return unreachable(status);
  }
}

/** `code` is one of those that OpenAI's client knows; `type` is our own. */
function toResponseError({ code, message }: ErrorInfo): object {
  const known = code === "resource_exhausted" ? "rate_limit_exceeded" : "server_error";
  return { code: code === "invalid_argument" ? "invalid_prompt" : known, message, type: code };
}

function toReason(reason: string): string {
  return reason === "max_tokens" ? "max_output_tokens" : reason;
}

function toTool(tool: NonNullable<Asked["tools"]>[number]): object {
  if (tool.type !== "function") return tool;
  const { description = null, parameters = null, strict = null } = tool;
  return { ...tool, description, parameters, strict };
}

function toToolChoice(choice: NonNullable<Asked["tool_choice"]>): unknown {
  if (typeof choice === "string" || choice.type !== "allowed_tools") return choice;
  return { ...choice, mode: choice["mode"] ?? "auto" };
}
