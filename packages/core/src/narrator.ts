import {
  contentSchema,
  messageSchema,
  newMessageId,
  RuntimeError,
  unreachable,
  usageSchema,
} from "@agentscope-runtime/protocol";
import type {
  AgentEvent,
  AgentResponse,
  Content,
  ErrorInfo,
  Message,
  MessageType,
  Role,
  TerminalStatus,
  Usage,
} from "@agentscope-runtime/protocol";
import type { z } from "zod";
import type { AgentOutput, ToolCall, ToolCallDelta, ToolOrigin, ToolResult } from "./agent-output.ts";
import { checkOutput } from "./check-output.ts";
import { jsonText } from "./json-text.ts";
import { mergeUsage } from "./merge-usage.ts";

export interface NarratorOptions {
  readonly runId: string;
  readonly sessionId: string;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** How a run ended, when it was not by being done. */
export type Ending =
  | { readonly status: "failed" | "rejected"; readonly error: ErrorInfo }
  | { readonly status: "canceled" }
  | { readonly status: "incomplete"; readonly reason: string };

/** A message that has begun and may still grow. */
interface OpenMessage {
  readonly message: Message;
  /** Its place in the output: messages stand in the order in which they began. */
  readonly place: number;
  /** The parts that are done. */
  readonly parts: Content[];
  /** The part that still grows. */
  growing: { type: "text" | "refusal"; text: string } | { type: "data"; data: Record<string, unknown> } | undefined;
}

/** What the narrator knows of a call: its origin and name, for its result, and its message while that is open. */
interface KnownCall {
  readonly kind: "plugin" | "mcp" | "function";
  readonly name: string | null;
  readonly serverLabel: string | undefined;
  open: OpenMessage | undefined;
  arguments: string;
  /** How much of the arguments the caller has seen. */
  told: number;
  result: OpenMessage | undefined;
}

/**
 * Arguments travel as whole snapshots, since clients replace data and do not append it. A snapshot is sent when the text
 * has grown by an eighth, so that all of them together cost no more than about nine times the text.
 */
const leastGrowth = 64;
const growthShare = 8;

/**
 * Turns what an agent yields into the events of the wire: opens and closes messages, numbers events from 0 without gaps,
 * adds up usage and keeps the output for the one terminal event.
 *
 * Its order suits the strictest of clients: a message comes before its parts, a part ends before the next one begins,
 * and data is always complete.
 */
export class Narrator {
  readonly #now: () => number;
  readonly #response: AgentResponse;
  readonly #output: (Message | undefined)[] = [];
  /** None until the first: most runs call nothing. */
  #calls: Map<string, KnownCall> | undefined;
  #events: AgentEvent[] = [];
  #sequence = 0;
  #speech: OpenMessage | undefined;
  #usage: Usage | null = null;
  #incomplete: string | undefined;

  constructor({ runId, sessionId, now = Date.now }: NarratorOptions) {
    this.#now = now;
    this.#response = {
      sequence_number: 0,
      object: "response",
      status: "created",
      error: null,
      id: runId,
      created_at: Math.floor(now() / 1000),
      completed_at: null,
      output: null,
      usage: null,
      session_id: sessionId,
      incomplete_details: null,
    };
  }

  /** The messages that have ended, in the order in which they began. */
  get output(): Message[] {
    return this.#output.filter((message) => message !== undefined);
  }

  /** The number that the next event gets. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The first two events. */
  begin(): AgentEvent[] {
    this.#emit({ ...this.#response, sequence_number: this.#sequence });
    this.#emit({ ...this.#response, sequence_number: this.#sequence, status: "in_progress" });
    return this.#taken();
  }

  /** The events of one output; often one, sometimes none. Throws `internal` when it is not AgentOutput. */
  tell(output: AgentOutput): AgentEvent[] {
    if (typeof output === "string") this.#say("message", "text", output);
    else this.#tellObject(checkOutput(output));
    return this.#taken();
  }

  /** Closes what is open. The messages of `output` are complete after it; `end` follows. */
  close(ending?: Ending): AgentEvent[] {
    const status = ending === undefined ? "completed" : "incomplete";
    this.#closeSpeech(status);
    for (const call of this.#calls?.values() ?? []) {
      if (call.open !== undefined) this.#closeMessage(call.open, "incomplete");
      if (call.result !== undefined) this.#closeMessage(call.result, status);
      call.open = undefined;
      call.result = undefined;
    }
    return this.#taken();
  }

  /** The terminal event. Without an ending the run is `completed`, or `incomplete` when the agent said so. */
  end(ending?: Ending): AgentResponse {
    const how: Ending | undefined =
      ending ?? (this.#incomplete === undefined ? undefined : { status: "incomplete", reason: this.#incomplete });
    const status: TerminalStatus = how?.status ?? "completed";
    const response: AgentResponse = {
      ...this.#response,
      sequence_number: this.#sequence++,
      status,
      error: how !== undefined && "error" in how ? how.error : null,
      completed_at: Math.floor(this.#now() / 1000),
      output: this.output,
      usage: this.#usage,
      incomplete_details: how?.status === "incomplete" ? { reason: how.reason } : null,
    };
    return response;
  }

  #tellObject(output: Exclude<AgentOutput, string>): void {
    switch (output.type) {
      case "text.delta":
        return this.#say("message", "text", output.delta);
      case "reasoning.delta":
        return this.#say("reasoning", "text", output.delta);
      case "refusal.delta":
        return this.#say("message", "refusal", output.delta);
      case "tool.call.delta":
        return this.#growCall(output);
      case "tool.call":
        return this.#completeCall(output);
      case "tool.result":
        return this.#result(output);
      case "content":
        return this.#show(wellFormed(contentSchema, output.content, "content"));
      case "message":
        return this.#whole(wellFormed(messageSchema, output.message, "message"));
      case "message.end":
        return this.#closeSpeech("completed", output.metadata);
      case "approval.request":
        return this.#dataMessage("mcp_approval_request", "assistant", {
          id: output.id,
          name: output.name,
          server_label: output.serverLabel ?? "",
          arguments: jsonText(output.arguments),
        });
      case "usage":
        this.#usage = mergeUsage(this.#usage, wellFormed(usageSchema, output.usage, "usage"));
        return undefined;
      case "incomplete":
        this.#incomplete = output.reason;
        return undefined;
      default:
        return unreachable(output);
    }
  }

  #say(type: "message" | "reasoning", kind: "text" | "refusal", delta: string): void {
    if (delta === "") return;
    const open = this.#openSpeech(type);
    if (open.growing === undefined || open.growing.type !== kind) {
      this.#closePart(open, "completed");
      open.growing = { type: kind, text: "" };
    }
    open.growing.text += delta;
    const fields = {
      sequence_number: this.#sequence,
      object: "content",
      status: "in_progress",
      error: null,
      index: open.parts.length,
      delta: true,
      msg_id: open.message.id,
    } as const;
    this.#emit(kind === "text" ? { ...fields, type: kind, text: delta } : { ...fields, type: kind, refusal: delta });
  }

  /** A whole part in the message that is being said. */
  #show(content: Content): void {
    this.#addPart(this.#openSpeech("message"), content);
  }

  #addPart(open: OpenMessage, content: Content): void {
    this.#closePart(open, "completed");
    const part = { ...content, index: open.parts.length, msg_id: open.message.id, error: null };
    // A client pushes a new part only for a delta; a complete one would land on the part before it.
    if (open.parts.length > 0) {
      this.#emit({ ...part, sequence_number: this.#sequence, status: "in_progress", delta: true });
    }
    const done = { ...part, sequence_number: this.#sequence, status: "completed", delta: false } as const;
    this.#emit(done);
    open.parts.push(done);
  }

  #whole(message: Message): void {
    this.#closeSpeech("completed");
    const open = this.#openMessage({ ...message, role: message.role ?? "assistant" });
    for (const part of message.content ?? []) this.#addPart(open, part);
    this.#closeMessage(open, "completed");
  }

  #growCall(output: ToolCallDelta): void {
    const call = this.#openCall(output);
    call.arguments += output.delta;
    const growth = call.arguments.length - call.told;
    if (growth >= Math.max(leastGrowth, call.told / growthShare)) this.#tellArguments(call, output.callId);
  }

  #completeCall(output: ToolCall): void {
    const call = this.#openCall(output);
    call.arguments = jsonText(output.arguments);
    this.#endCall(call, output.callId, "completed");
  }

  #endCall(call: KnownCall, callId: string, status: "completed" | "incomplete"): void {
    if (call.open === undefined) return;
    call.open.growing = { type: "data", data: callData(call, callId) };
    this.#closeMessage(call.open, status);
    call.open = undefined;
  }

  /** The call with an open message. A call id that comes again after its call was complete is a new call. */
  #openCall(output: ToolCall | ToolCallDelta): KnownCall {
    const known = this.#calls?.get(output.callId);
    if (known?.open !== undefined) return known;
    this.#closeSpeech("completed");
    if (known?.result !== undefined) this.#closeMessage(known.result, "incomplete");
    const call = newCall(output, output.name);
    this.#keepCall(output.callId, call);
    call.open = this.#openMessage(newMessage(`${call.kind}_call`, "assistant"));
    if (output.type === "tool.call.delta") this.#tellArguments(call, output.callId);
    return call;
  }

  #keepCall(callId: string, call: KnownCall): void {
    this.#calls ??= new Map();
    this.#calls.set(callId, call);
  }

  #tellArguments(call: KnownCall, callId: string): void {
    if (call.open === undefined) return;
    call.told = call.arguments.length;
    this.#grow(call.open, callData(call, callId));
  }

  #result(output: ToolResult): void {
    const known = this.#calls?.get(output.callId);
    if (known === undefined) this.#closeSpeech("completed");
    const call = known ?? newCall(output, output.name);
    if (known === undefined) this.#keepCall(output.callId, call);
    this.#endCall(call, output.callId, "completed");
    const data = {
      call_id: output.callId,
      name: call.name ?? output.name ?? null,
      output: jsonText(output.output),
      ...(output.isError === true ? { is_error: true } : {}),
    };
    if (call.result === undefined) {
      this.#closeSpeech("completed");
      call.result = this.#openMessage(newMessage(`${call.kind}_call_output`, "tool"));
    }
    if (output.preliminary === true) return this.#grow(call.result, data);
    call.result.growing = { type: "data", data };
    this.#closeMessage(call.result, "completed");
    call.result = undefined;
  }

  #dataMessage(type: MessageType, role: Role, data: Record<string, unknown>): void {
    this.#closeSpeech("completed");
    const open = this.#openMessage(newMessage(type, role));
    open.growing = { type: "data", data };
    this.#closeMessage(open, "completed");
  }

  #openSpeech(type: "message" | "reasoning"): OpenMessage {
    if (this.#speech?.message.type === type) return this.#speech;
    this.#closeSpeech("completed");
    this.#speech = this.#openMessage(newMessage(type, "assistant"));
    return this.#speech;
  }

  #closeSpeech(status: "completed" | "incomplete", metadata?: Readonly<Record<string, unknown>>): void {
    if (this.#speech === undefined) return;
    this.#closeMessage(this.#speech, status, metadata);
    this.#speech = undefined;
  }

  #openMessage(message: Message): OpenMessage {
    this.#emit({ ...message, sequence_number: this.#sequence, status: "in_progress", content: null });
    return { message, place: this.#output.push(undefined) - 1, parts: [], growing: undefined };
  }

  /** Shows all of a data part as it is now. */
  #grow(open: OpenMessage, data: Record<string, unknown>): void {
    open.growing = { type: "data", data };
    this.#emit({
      sequence_number: this.#sequence,
      object: "content",
      status: "in_progress",
      error: null,
      type: "data",
      index: open.parts.length,
      delta: false,
      msg_id: open.message.id,
      data,
    });
  }

  #closePart(open: OpenMessage, status: "completed" | "incomplete"): void {
    const { growing } = open;
    if (growing === undefined) return;
    open.growing = undefined;
    const fields = {
      sequence_number: this.#sequence,
      object: "content",
      status,
      error: null,
      index: open.parts.length,
      // False and not null: some clients add a part with null to what they have, and print it twice.
      delta: false,
      msg_id: open.message.id,
    } as const;
    const part = closedPart(fields, growing);
    this.#emit(part);
    open.parts.push(part);
  }

  #closeMessage(open: OpenMessage, status: "completed" | "incomplete", metadata = open.message.metadata): void {
    this.#closePart(open, status);
    const message = {
      ...open.message,
      sequence_number: this.#sequence,
      status,
      content: open.parts,
      metadata,
    } as const;
    this.#emit(message);
    this.#output[open.place] = message;
  }

  #emit(event: AgentEvent): void {
    this.#sequence += 1;
    this.#events.push(event);
  }

  #taken(): AgentEvent[] {
    const events = this.#events;
    if (events.length > 0) this.#events = [];
    return events;
  }
}

type PartFields = Pick<Content, "sequence_number" | "object" | "status" | "error" | "index" | "delta" | "msg_id">;

function closedPart(fields: PartFields, growing: NonNullable<OpenMessage["growing"]>): Content {
  switch (growing.type) {
    case "text":
      return { ...fields, type: "text", text: growing.text };
    case "refusal":
      return { ...fields, type: "refusal", refusal: growing.text };
    case "data":
      return { ...fields, type: "data", data: growing.data };
    default:
      return unreachable(growing);
  }
}

function newMessage(type: MessageType, role: Role): Message {
  return {
    sequence_number: null,
    object: "message",
    status: "in_progress",
    error: null,
    id: newMessageId(),
    type,
    role,
    content: null,
    code: null,
    message: null,
    usage: null,
    metadata: null,
  };
}

function newCall({ kind = "plugin", serverLabel }: ToolOrigin, name: string | undefined): KnownCall {
  return { kind, name: name ?? null, serverLabel, open: undefined, arguments: "", told: 0, result: undefined };
}

function callData(call: KnownCall, callId: string): Record<string, unknown> {
  const data = { call_id: callId, name: call.name, arguments: call.arguments };
  return call.kind === "mcp" ? { ...data, server_label: call.serverLabel ?? null } : data;
}

/** The value with its defaults filled in; what is wrong is the agent's fault, not its caller's. */
function wellFormed<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) {
    jsonText(result.data); // Throws here, and not when it is too late to tell, for what JSON cannot hold.
    return result.data;
  }
  const [issue] = result.error.issues;
  throw new RuntimeError("internal", `The agent yielded a ${what} with a bad ${issue?.path.join(".") ?? "value"}.`, {
    cause: result.error,
  });
}
