import { EventType, PROTOCOL_VERSION } from "@ag-ui/core";
import type { Event, Interrupt, Message as AgUiMessage, RunFinishedEvent, TextMessageRole } from "@ag-ui/core";
import {
  functionCallOutputSchema,
  functionCallSchema,
  isTerminalStatus,
  mcpApprovalRequestSchema,
  unreachable,
} from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse, Content, FunctionCall, Message } from "@agentscope-runtime/protocol";
import { eventIn } from "./ag-ui-event.ts";
import { CallIds } from "./call-ids.ts";
import { toInterrupt } from "./interrupts.ts";
import { jsonRemainder } from "./json-remainder.ts";
import { messageKind } from "./message-kind.ts";
import { callIdsIn, dataOf, spoken } from "./to-messages.ts";
import { toRunError } from "./to-error-reply.ts";
import { toTokenUsage } from "./to-token-usage.ts";

export interface NarrationOptions {
  readonly threadId: string;
  /** What the client calls the run. */
  readonly runId: string;
  readonly parentRunId?: string | undefined;
  /** The client's messages from before the run. */
  readonly before: readonly AgUiMessage[];
}

/** A message that has begun, as far as the client was told of it. */
type Open = OpenText | OpenCall | { readonly kind: "result" | "approval" | "other" };

interface OpenText {
  readonly kind: "text" | "reasoning";
  readonly role: TextMessageRole;
  started: boolean;
  /** The part that came in pieces. */
  streamed?: number | null;
}

interface OpenCall {
  readonly kind: "call";
  toolCallId: string | undefined;
  name: string;
  /** The arguments, as far as the client has them. */
  told: string;
}

/** A call that was made, until it is answered. */
interface MadeCall {
  readonly name: string;
  readonly arguments: string;
}

/**
 * Tells the events of a run as AG-UI has them, in the order that its clients verify: whatever begins is ended, and nothing
 * follows the end. It keeps of the run only what is open, and which calls have no answer.
 */
export class Narration {
  readonly #options: NarrationOptions;
  readonly #callIds: CallIds;
  readonly #earlier: ReadonlyMap<string, MadeCall>;
  readonly #open = new Map<string, Open>();
  readonly #steps = new Set<string>();
  readonly #unanswered = new Map<string, MadeCall>();
  readonly #interrupts: Interrupt[] = [];
  #runId = "";
  #misspoke = false;

  constructor(options: NarrationOptions) {
    this.#options = options;
    this.#callIds = new CallIds(callIdsIn(options.before));
    this.#earlier = unansweredIn(options.before);
  }

  /** True once after arguments were told that turned out otherwise: only a snapshot of the messages can mend them. */
  takeMisspoke(): boolean {
    const misspoke = this.#misspoke;
    this.#misspoke = false;
    return misspoke;
  }

  /** What a client of AG-UI is told about one event of the run; often nothing. */
  tell(event: AgentEvent): Event[] {
    switch (event.object) {
      case "response":
        return this.#tellResponse(event);
      case "message":
        return this.#tellMessage(event);
      case "content":
        return this.#tellContent(event);
      default:
        return unreachable(event);
    }
  }

  /** Begins again what is open, for a client that has the messages so far from a snapshot. */
  reopen(): Event[] {
    const events: Event[] = [];
    for (const [messageId, open] of this.#open) {
      if ((open.kind === "text" || open.kind === "reasoning") && open.started) {
        events.push(...textStart(messageId, open));
      }
      if (open.kind === "call" && open.toolCallId !== undefined) {
        events.push(callStart(messageId, open.toolCallId, open.name));
      }
    }
    for (const stepName of this.#steps) events.push({ type: EventType.STEP_STARTED, stepName });
    return events;
  }

  #tellResponse(response: AgentResponse): Event[] {
    if (response.status === "created") {
      this.#runId = response.id;
      const { threadId, runId, parentRunId } = this.#options;
      const parent = parentRunId === undefined ? {} : { parentRunId };
      return [{ type: EventType.RUN_STARTED, threadId, runId, protocolVersion: PROTOCOL_VERSION, ...parent }];
    }
    return isTerminalStatus(response.status) ? [...this.#closeAll(), this.#end(response)] : [];
  }

  #closeAll(): Event[] {
    const events = [...this.#open].flatMap(([messageId, open]) => closing(messageId, open));
    this.#open.clear();
    for (const stepName of this.#steps) events.push({ type: EventType.STEP_FINISHED, stepName });
    this.#steps.clear();
    return events;
  }

  #end({ status, error, usage: counted, incomplete_details: incomplete }: AgentResponse): Event {
    const tokens = toTokenUsage(counted);
    const usage = tokens.length === 0 ? {} : { usage: tokens };
    if (status === "failed" || status === "rejected") {
      return { ...toRunError(error ?? { code: "internal", message: "Internal error." }), ...usage };
    }
    const { threadId, runId } = this.#options;
    const reason = incomplete === null ? {} : { metadata: { agentscope: { reason: incomplete.reason } } };
    const outcome = status === "completed" ? this.#outcome() : { type: "cancelled" as const };
    return { type: EventType.RUN_FINISHED, threadId, runId, outcome, ...usage, ...reason };
  }

  #outcome(): NonNullable<RunFinishedEvent["outcome"]> {
    if (this.#interrupts.length > 0) return { type: "interrupt", interrupts: this.#interrupts };
    const pendingToolCallIds = [...this.#unanswered.keys()];
    return pendingToolCallIds.length === 0 ? { type: "success" } : { type: "success", pendingToolCallIds };
  }

  #tellMessage(message: Message): Event[] {
    if (message.type === "heartbeat") return [];
    const known = this.#open.get(message.id);
    if (!isTerminalStatus(message.status)) {
      if (known === undefined) this.#open.set(message.id, opened(message));
      return [];
    }
    if (known === undefined) return [];
    this.#open.delete(message.id);
    if (known.kind === "other") return [customMessage(message)];
    const events = closing(message.id, known);
    const last = events.at(-1);
    if (known.kind === "text" && last !== undefined && message.metadata !== null) last.metadata = message.metadata;
    return events;
  }

  #tellContent(content: Content): Event[] {
    const messageId = content.msg_id ?? "";
    const open = this.#open.get(messageId);
    if (open === undefined) return [];
    switch (open.kind) {
      case "text":
      case "reasoning":
        return this.#say(messageId, open, content);
      case "call":
        return this.#tellCall(messageId, open, content);
      case "result":
        return content.status === "completed" ? this.#tellResult(messageId, content) : [];
      case "approval":
        if (content.status === "completed") this.#ask(content);
        return [];
      case "other":
        return [];
      default:
        return unreachable(open);
    }
  }

  #say(messageId: string, open: OpenText, content: Content): Event[] {
    if (content.type !== "text" && content.type !== "refusal") return this.#show(content);
    if (content.delta === true) open.streamed = content.index;
    else if (open.streamed === content.index) return []; // The whole of what came in pieces.
    const delta = spoken(content);
    if (delta === "") return [];
    const events = open.started ? [] : textStart(messageId, open);
    open.started = true;
    const type = open.kind === "text" ? EventType.TEXT_MESSAGE_CONTENT : EventType.REASONING_MESSAGE_CONTENT;
    return [...events, { type, messageId, delta }];
  }

  /** What AG-UI has no place for in a message: its own events, and parts that are not text. */
  #show(content: Content): Event[] {
    if (content.delta === true || content.status !== "completed") return []; // It comes once more, whole.
    const event = content.type === "data" ? eventIn(content.data) : undefined;
    return event === undefined ? [customContent(content)] : this.#allowed(event);
  }

  /** Steps that do not fit are left out: a client would reject the whole run for one. */
  #allowed(event: Event): Event[] {
    if (event.type === EventType.STEP_STARTED) {
      if (this.#steps.has(event.stepName)) return [];
      this.#steps.add(event.stepName);
    }
    if (event.type === EventType.STEP_FINISHED && !this.#steps.delete(event.stepName)) return [];
    return [event];
  }

  #tellCall(messageId: string, open: OpenCall, content: Content): Event[] {
    const call = dataOf([content], functionCallSchema);
    if (call === undefined) return [];
    const events: Event[] = [];
    if (open.toolCallId === undefined) {
      if (this.#isEarlier(call)) {
        this.#open.delete(messageId);
        return [];
      }
      open.toolCallId = this.#callIds.take(call.call_id ?? messageId);
      open.name = call.name ?? "";
      events.push(callStart(messageId, open.toolCallId, open.name));
    }
    const whole = call.arguments ?? "";
    this.#unanswered.set(open.toolCallId, { name: open.name, arguments: whole });
    const delta = jsonRemainder(open.told, whole);
    if (delta === undefined) this.#misspoke = true;
    else if (delta !== "") events.push({ type: EventType.TOOL_CALL_ARGS, toolCallId: open.toolCallId, delta });
    open.told = delta === undefined ? whole : open.told + delta;
    return events;
  }

  /** A call that an earlier run has told, to ask whether to make it, and that is made now. */
  #isEarlier({ call_id: callId, name, arguments: whole }: FunctionCall): boolean {
    const earlier = this.#earlier.get(callId ?? "");
    return earlier !== undefined && earlier.name === name && jsonRemainder(earlier.arguments, whole ?? "") === "";
  }

  #tellResult(messageId: string, content: Content): Event[] {
    const answer = dataOf([content], functionCallOutputSchema);
    if (answer === undefined) return [customContent(content)];
    const toolCallId = this.#callIds.latest(answer.call_id);
    this.#unanswered.delete(toolCallId);
    const failed = answer.is_error === true ? { metadata: { agentscope: { isError: true } } } : {};
    return [
      { type: EventType.TOOL_CALL_RESULT, messageId, toolCallId, content: answer.output, role: "tool", ...failed },
    ];
  }

  #ask(content: Content): void {
    const asked = dataOf([content], mcpApprovalRequestSchema);
    if (asked === undefined) return;
    // An approval does not say which call it is about; the one that waits with the same words is.
    const call = [...this.#unanswered].findLast(([, made]) => isSame(made, asked));
    this.#interrupts.push(toInterrupt(this.#runId, asked, call?.[0]));
  }
}

function isSame(made: MadeCall, asked: Pick<FunctionCall, "name" | "arguments">): boolean {
  return made.name === asked.name && made.arguments === asked.arguments;
}

function opened({ type, role }: Message): Open {
  const kind = messageKind(type);
  if (kind === "call") return { kind, toolCallId: undefined, name: "", told: "" };
  if (kind !== "text" && kind !== "reasoning") return { kind };
  return { kind, role: role === "user" || role === "system" ? role : "assistant", started: false };
}

/** The calls among a client's messages that have no answer. */
function unansweredIn(messages: readonly AgUiMessage[]): ReadonlyMap<string, MadeCall> {
  const made = messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : []));
  const unanswered = new Map<string, MadeCall>(made.map((call) => [call.id, call.function]));
  for (const message of messages) if (message.role === "tool") unanswered.delete(message.toolCallId);
  return unanswered;
}

function closing(messageId: string, open: Open): Event[] {
  if (open.kind === "call") {
    return open.toolCallId === undefined ? [] : [{ type: EventType.TOOL_CALL_END, toolCallId: open.toolCallId }];
  }
  if ((open.kind !== "text" && open.kind !== "reasoning") || !open.started) return [];
  if (open.kind === "text") return [{ type: EventType.TEXT_MESSAGE_END, messageId }];
  return [
    { type: EventType.REASONING_MESSAGE_END, messageId },
    { type: EventType.REASONING_END, messageId },
  ];
}

function textStart(messageId: string, { kind, role }: OpenText): Event[] {
  if (kind === "text") return [{ type: EventType.TEXT_MESSAGE_START, messageId, role }];
  return [
    { type: EventType.REASONING_START, messageId },
    { type: EventType.REASONING_MESSAGE_START, messageId, role: "reasoning" },
  ];
}

function callStart(messageId: string, toolCallId: string, toolCallName: string): Event {
  return { type: EventType.TOOL_CALL_START, toolCallId, toolCallName, parentMessageId: messageId };
}

/** An image, a file, audio, video or data, by their own fields. */
function customContent(content: Content): Event {
  const {
    sequence_number: _sequence,
    status: _status,
    error: _error,
    object: _object,
    delta: _delta,
    ...value
  } = content;
  return { type: EventType.CUSTOM, name: "agentscope.content", value };
}

/** A message for clients of the agent's own. */
function customMessage({ id, type, role, content, metadata }: Message): Event {
  return { type: EventType.CUSTOM, name: "agentscope.message", value: { id, type, role, content, metadata } };
}
