import type { AgentEvent } from "./agent-event.ts";
import { unreachable } from "./agent-event.ts";
import type { AgentResponse } from "./agent-response.ts";
import type { Content } from "./content.ts";
import type { Message } from "./message.ts";
import { isTerminalStatus } from "./run-status.ts";

/**
 * The response that a stream of events adds up to. Of a whole stream this is what its last event carries; of a part of
 * one, it is the answer so far.
 */
export function foldEvents(events: Iterable<AgentEvent>): AgentResponse | undefined {
  let response: AgentResponse | undefined;
  for (const event of events) response = foldEvent(response, event);
  return response;
}

/**
 * Adds one event to what came before; nothing given is changed, so that a user interface can compare by identity.
 *
 * A response replaces all fields but `output`, which only a response that has one replaces. A message is found by its
 * id; empty content keeps the content collected so far. Heartbeats are left out.
 */
export function foldEvent(response: AgentResponse | undefined, event: AgentEvent): AgentResponse {
  switch (event.object) {
    case "response":
      return { ...event, output: event.output ?? response?.output ?? null };
    case "message":
      return event.type === "heartbeat" ? (response ?? emptyResponse()) : withMessage(response, event);
    case "content":
      return withContent(response, event);
    default:
      return unreachable(event);
  }
}

function withMessage(response = emptyResponse(), message: Message): AgentResponse {
  const output = response.output ?? [];
  const known = output.find(({ id }) => id === message.id);
  if (known === undefined) return { ...response, output: [...output, message] };
  const content = message.content !== null && message.content.length > 0 ? message.content : known.content;
  return replaceMessage(response, { ...message, content });
}

function withContent(response = emptyResponse(), content: Content): AgentResponse {
  const id = content.msg_id ?? response.output?.at(-1)?.id ?? "";
  const known = response.output?.find((message) => message.id === id);
  if (known === undefined) return withMessage(response, { ...emptyMessage(id), content: [content] });
  // A late part must not reopen a message that has ended: its event already carried everything.
  if (isTerminalStatus(known.status)) return response;
  const parts = known.content ?? [];
  const last = parts.length - 1;
  const continuesLast = last >= 0 && (content.delta !== true || parts[last]?.delta === true);
  const at = content.index ?? (continuesLast ? last : parts.length);
  const part = content.delta === true ? appended(parts[at], content) : content;
  return replaceMessage(response, { ...known, content: at < parts.length ? parts.with(at, part) : [...parts, part] });
}

function replaceMessage(response: AgentResponse, message: Message): AgentResponse {
  return { ...response, output: (response.output ?? []).map((other) => (other.id === message.id ? message : other)) };
}

/** The part after a delta: text grows, `data` is merged by key, and whatever else the delta has is taken. */
function appended(part: Content | undefined, delta: Content): Content {
  if (part === undefined || part.type !== delta.type) return delta;
  if (delta.type === "text" && part.type === "text") return { ...delta, text: (part.text ?? "") + (delta.text ?? "") };
  if (delta.type === "refusal" && part.type === "refusal") {
    return { ...delta, refusal: (part.refusal ?? "") + (delta.refusal ?? "") };
  }
  if (delta.type === "data" && part.type === "data") return { ...delta, data: mergeData(part.data, delta.data) };
  return delta;
}

/** The Python runtime's rule: by key, strings and lists grow, objects are merged, anything else is replaced. */
function mergeData(
  before: Readonly<Record<string, unknown>> | null,
  delta: Readonly<Record<string, unknown>> | null,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(delta ?? {})) {
    const old = merged[key];
    if (typeof old === "string" && typeof value === "string") merged[key] = old + value;
    else if (Array.isArray(old) && Array.isArray(value)) merged[key] = [...(old as unknown[]), ...(value as unknown[])];
    else if (isPlainObject(old) && isPlainObject(value)) merged[key] = mergeData(old, value);
    else merged[key] = value;
  }
  return merged;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Stands in when a stream is joined after its first event. */
function emptyResponse(): AgentResponse {
  return {
    sequence_number: null,
    object: "response",
    status: "unknown",
    error: null,
    id: "",
    created_at: 0,
    completed_at: null,
    output: null,
    usage: null,
    session_id: null,
    incomplete_details: null,
  };
}

function emptyMessage(id: string): Message {
  return {
    sequence_number: null,
    object: "message",
    status: "in_progress",
    error: null,
    id,
    type: "message",
    role: "assistant",
    content: null,
    code: null,
    message: null,
    usage: null,
    metadata: null,
  };
}
