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
 * id; empty content keeps the content collected so far. A part is found by its index, else it is the last one of its
 * kind. Heartbeats are left out, and so is content of a message that has ended.
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
  const content =
    message.content !== null && message.content.length > 0 ? message.content : (known.content ?? message.content);
  return replaceMessage(response, { ...message, content });
}

function withContent(response = emptyResponse(), content: Content): AgentResponse {
  const id = content.msg_id ?? response.output?.at(-1)?.id ?? "";
  const known = response.output?.find((message) => message.id === id);
  if (known === undefined) return withMessage(response, { ...emptyMessage(id), content: [content] });
  // A late part must not reopen a message that has ended: its event already carried everything.
  if (isTerminalStatus(known.status)) return response;
  const parts = known.content ?? [];
  const at = placeOf(content, parts);
  const part = content.delta === true ? appended(parts[at], content) : content;
  return replaceMessage(response, { ...known, content: at < parts.length ? parts.with(at, part) : [...parts, part] });
}

/** By its index. Without one it belongs to the last part, if that is of its kind and, for a delta, grows by deltas. */
function placeOf({ index, type, delta }: Content, parts: readonly Content[]): number {
  const last = parts.at(-1);
  const belongsToLast = last?.type === type && (delta !== true || last.delta === true);
  const at =
    index === null
      ? parts.length - Number(belongsToLast)
      : parts.findIndex((part, place) => (part.index ?? place) === index);
  return at === -1 ? parts.length : at;
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

/** The Python runtime's rule: by key, strings and lists grow, numbers add up, objects are merged, the rest is replaced. */
function mergeData(
  before: Readonly<Record<string, unknown>> | null,
  delta: Readonly<Record<string, unknown>> | null,
): Record<string, unknown> {
  // A map, because assigning a key named `__proto__` would not make one.
  const merged = new Map(Object.entries(before ?? {}));
  for (const [key, value] of Object.entries(delta ?? {})) merged.set(key, mergeValue(merged.get(key), value));
  return Object.fromEntries(merged);
}

function mergeValue(before: unknown, delta: unknown): unknown {
  if (typeof before === "string" && typeof delta === "string") return before + delta;
  if (typeof before === "number" && typeof delta === "number") return before + delta;
  if (Array.isArray(before) && Array.isArray(delta)) return [...(before as unknown[]), ...(delta as unknown[])];
  if (isPlainObject(before) && isPlainObject(delta)) return mergeData(before, delta);
  return delta;
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
