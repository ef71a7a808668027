import { noResult, parseArguments } from "@agentscope-runtime/core/adapter";
import type { Message } from "@agentscope-runtime/protocol";
import { failureText, jsonText, modelOutputOf, parseOutput } from "./json-text.ts";
import type {
  MastraConversationMessage,
  MastraMessage,
  MastraPart,
  MastraToolInvocationPart,
} from "./mastra-message.ts";
import { noteOf, withNote } from "./runtime-note.ts";
import type { MessageNote } from "./runtime-note.ts";

type Turn = MastraConversationMessage;

/**
 * Puts messages together as Mastra keeps them: what the agent said without a pause is one message, and a call and its answer
 * are one part of it.
 */
export class MastraConversation {
  readonly #messages: MastraMessage[] = [];
  /** Calls that wait for an answer, by id. An id that comes back after its answer is a new call. */
  readonly #waiting = new Map<string, MastraToolInvocationPart>();
  /** Every call's id: what an agent calls while it answers another call has that one's as its beginning. */
  readonly #called = new Set<string>();
  readonly #start: number;
  #turn: Turn | undefined;
  #at = 0;

  /** `start` is when the first message was said, in milliseconds since 1970: messages have no time, and Mastra's need one. */
  constructor(start: number) {
    this.#start = start;
  }

  /** The messages. Ends the conversation: what still waits is answered here, since Mastra shows no model a call without an answer. */
  end(): MastraMessage[] {
    for (const part of this.#waiting.values()) fill(part);
    this.#waiting.clear();
    return this.#messages;
  }

  /** What the message is, for the parts that are made of it. */
  noteFor({ id, type, role, metadata }: Message): MessageNote {
    return { id, type, role, metadata, at: this.#at };
  }

  addSystem({ id, metadata }: Message, text: string): void {
    this.#endTurn();
    if (text === "") return;
    this.#messages.push({ role: "system", content: text, id, ...(metadata !== null && { metadata: { ...metadata } }) });
  }

  addUser({ id, metadata }: Message, parts: MastraPart[]): void {
    this.#endTurn();
    if (parts.length === 0) return;
    const content = { format: 2 as const, parts, ...(metadata !== null && { metadata: { ...metadata } }) };
    this.#messages.push({ id, role: "user", createdAt: this.#now(), content });
  }

  /** More of what the agent says. After an answer a new step begins. */
  say(message: Message, parts: readonly MastraPart[]): void {
    if (parts.length === 0) return;
    const turn = this.#turnOf(message);
    if (turn.content.parts.some(isAnswered) && !beginsStep(turn)) turn.content.parts.push({ type: "step-start" });
    turn.content.parts.push(...parts);
    this.#at += 1;
  }

  call(message: Message, data: Readonly<Record<string, unknown>>, call: { callId: string; name: string }): void {
    const { callId, name } = call;
    if (this.#isNested(callId) || this.#waiting.has(callId)) return;
    const { arguments: text, ...rest } = data;
    const args = parseArguments(typeof text === "string" ? text : "");
    const note = { ...this.noteFor(message), rest, ...ownText(text, JSON.stringify(args)) };
    const part: MastraToolInvocationPart = {
      type: "tool-invocation",
      toolInvocation: { state: "call", toolCallId: callId, toolName: name, args },
      providerMetadata: withNote({ note }),
    };
    this.#called.add(callId);
    this.#waiting.set(callId, part);
    this.say(message, [part]);
  }

  /** The answer goes to its call, however late it comes. Without a waiting call it is dropped. */
  output(
    message: Message,
    data: Readonly<Record<string, unknown>>,
    answer: { callId: string; isError: boolean },
  ): void {
    const part = this.#waiting.get(answer.callId);
    if (part === undefined) return;
    this.#waiting.delete(answer.callId);
    const { output: text, ...rest } = data;
    const value = parseOutput(String(text));
    const told = answer.isError ? failureText(value) : jsonText(value);
    const output = { ...this.noteFor(message), rest, ...ownText(text, told) };
    const modelOutput = answer.isError ? undefined : modelOutputOf(value);
    const call = noteOf(part)?.note ?? output;
    part.toolInvocation = answer.isError
      ? { ...part.toolInvocation, state: "output-error", errorText: told }
      : { ...part.toolInvocation, state: "result", result: value };
    part.providerMetadata = withNote(
      { note: call, output },
      modelOutput === undefined ? {} : { mastra: { modelOutput } },
    );
    this.#at += 1;
  }

  #isNested(callId: string): boolean {
    const slash = callId.indexOf("/");
    return slash > 0 && this.#called.has(callId.slice(0, slash));
  }

  #turnOf({ id }: Message): Turn {
    if (this.#turn !== undefined) return this.#turn;
    const turn: Turn = { id, role: "assistant", createdAt: this.#now(), content: { format: 2, parts: [] } };
    this.#turn = turn;
    this.#messages.push(turn);
    return turn;
  }

  #endTurn(): void {
    this.#turn = undefined;
    this.#at = 0;
  }

  #now(): Date {
    return new Date(this.#start + this.#messages.length);
  }
}

function fill(part: MastraToolInvocationPart): void {
  const note = noteOf(part)?.note;
  part.toolInvocation = { ...part.toolInvocation, state: "output-error", errorText: noResult };
  if (note !== undefined) part.providerMetadata = withNote({ note, filler: true });
}

function ownText(text: unknown, derived: string): { readonly text?: string | null } {
  if (text === derived) return {};
  return { text: typeof text === "string" ? text : null };
}

function isAnswered(part: MastraPart): boolean {
  return part.type === "tool-invocation" && part.toolInvocation.state !== "call";
}

/** Nothing was said since the last answers, and the step that begins here is not begun yet. */
function beginsStep({ content: { parts } }: Turn): boolean {
  return parts.findLastIndex(isAnswered) < parts.findLastIndex(({ type }) => type === "step-start");
}
