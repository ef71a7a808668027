import { canonicalJson } from "@agentscope-runtime/core";
import { isObject, noResult } from "@agentscope-runtime/core/adapter";
import type { CallData, CallOutputData } from "@agentscope-runtime/core/adapter";
import type { Message, Usage } from "@agentscope-runtime/protocol";
import { AIMessage, ToolMessage } from "@langchain/core/messages";
import type { BaseMessage, ContentBlock } from "@langchain/core/messages";
import { parseJson } from "./json.ts";
import { withNote } from "./message-note.ts";
import type { MessageNote } from "./message-note.ts";
import { outputContent } from "./tool-content.ts";
import type { ResultImages } from "./tool-content.ts";

/** What the agent said without a pause, and the answers to its calls: an AIMessage and the ToolMessages behind it. */
interface Turn {
  readonly notes: MessageNote[];
  readonly blocks: ContentBlock[];
  reasoning: string;
  readonly calls: Call[];
  usage: Usage | null;
  /** What LangChain had on the message before. */
  leftover: Readonly<Record<string, unknown>> | undefined;
}

interface Call {
  readonly id: string;
  readonly name: string;
  readonly arguments: Record<string, unknown>;
  answer: ToolMessage | undefined;
}

/**
 * Puts messages into the order that models accept: calls, then all of their answers, then the rest; no call without an answer
 * and no answer without a call.
 */
export class Conversation {
  readonly #entries: (Turn | BaseMessage)[] = [];
  /** Calls that wait for an answer, by id. An id that comes back after its answer is a new call. */
  readonly #waiting = new Map<string, Call>();
  readonly #images: ResultImages;

  constructor(images: ResultImages) {
    this.#images = images;
  }

  /** A user's or a system message. */
  add(message: BaseMessage): void {
    this.#entries.push(message);
  }

  /** More of what the agent says. */
  say(message: Message, note: MessageNote, blocks: readonly ContentBlock[]): void {
    const turn = this.#turn(message);
    turn.notes.push(note);
    turn.blocks.push(...blocks);
  }

  /** More of what the agent thinks. */
  think(message: Message, note: MessageNote, text: string): void {
    const turn = this.#turn(message);
    turn.notes.push(note);
    turn.reasoning += text;
  }

  call(message: Message, note: MessageNote, { callId, name, arguments: text }: CallData): void {
    const turn = this.#turn(message);
    const call: Call = { id: callId, name, arguments: parseArguments(text), answer: undefined };
    turn.notes.push(note);
    turn.calls.push(call);
    this.#waiting.set(callId, call);
  }

  /** The answer goes to its call, however late it comes. Without a waiting call it is dropped. */
  output(note: MessageNote, { callId, name, output, isError }: CallOutputData): void {
    const call = this.#waiting.get(callId);
    if (call === undefined) return;
    this.#waiting.delete(callId);
    call.answer = new ToolMessage({
      id: note.id,
      content: outputContent(output, this.#images),
      tool_call_id: callId,
      name: name ?? call.name,
      ...(isError && { status: "error" }),
      response_metadata: withNote({ messages: [note] }),
    });
  }

  /** The messages. A call that still waits is answered here, since models refuse calls that dangle. */
  end(): BaseMessage[] {
    return this.#entries.flatMap((entry) => ("notes" in entry ? messagesOf(entry) : [entry]));
  }

  /** The turn that goes on, or a new one when the last one has answers or somebody else has spoken. */
  #turn(message: Message): Turn {
    const last = this.#entries.at(-1);
    const goesOn = last !== undefined && "notes" in last && last.calls.every(({ answer }) => answer === undefined);
    const turn: Turn = goesOn
      ? last
      : { notes: [], blocks: [], reasoning: "", calls: [], usage: null, leftover: leftoverOf(message) };
    if (!goesOn) this.#entries.push(turn);
    turn.usage = message.usage ?? turn.usage;
    return turn;
  }
}

/**
 * The arguments of a call from its JSON text; no text is no arguments. Text that is not a JSON object is kept as
 * `{ invalid_arguments: text }`: models want an object, and whoever reads on sees what was called.
 */
function parseArguments(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  const value = parseJson(text);
  return isObject(value) ? { ...value } : { invalid_arguments: text };
}

/** Whether a text is still what these arguments were read from. */
export function areArguments(text: unknown, toolArguments: unknown): text is string {
  return typeof text === "string" && canonicalJson(parseArguments(text)) === canonicalJson(toolArguments);
}

/** What is LangChain's own on a message that came from there. */
export function leftoverOf({ metadata }: Message): Readonly<Record<string, unknown>> | undefined {
  const leftover = metadata?.["langchain"];
  return isObject(leftover) ? leftover : undefined;
}

/** What of LangChain's goes back onto a message: its name and what its integration wrote. */
export function leftoverFields(leftover: Readonly<Record<string, unknown>> | undefined): {
  readonly name?: string;
  readonly additional_kwargs: Record<string, unknown>;
  readonly response_metadata: Record<string, unknown>;
} {
  const { name, additional_kwargs: kwargs, response_metadata: metadata } = leftover ?? {};
  return {
    ...(typeof name === "string" && { name }),
    additional_kwargs: isObject(kwargs) ? { ...kwargs } : {},
    response_metadata: isObject(metadata) ? { ...metadata } : {},
  };
}

function messagesOf(turn: Turn): BaseMessage[] {
  const [first] = turn.notes;
  // Reasoning that led to nothing is left out: models refuse a message without content.
  if (first === undefined || (turn.blocks.length === 0 && turn.calls.length === 0)) return [];
  const { additional_kwargs, response_metadata, ...fields } = leftoverFields(turn.leftover);
  const usage = usageMetadata(turn.usage);
  const said = new AIMessage({
    ...fields,
    id: first.id,
    content: contentOf(turn.blocks),
    tool_calls: turn.calls.map(({ id, name, arguments: args }) => ({ type: "tool_call", id, name, args })),
    additional_kwargs: {
      ...additional_kwargs,
      ...(turn.reasoning !== "" && { reasoning_content: turn.reasoning }),
    },
    response_metadata: { ...response_metadata, ...withNote({ messages: turn.notes }) },
  });
  if (usage !== undefined) Object.assign(said, { usage_metadata: usage }); // Its type gets lost in generics.
  return [said, ...turn.calls.map(({ id, name, answer }) => answer ?? fillerFor(id, name))];
}

/** An answer for a call that has none. */
export function fillerFor(callId: string, name: string): ToolMessage {
  return new ToolMessage({
    content: noResult,
    tool_call_id: callId,
    name,
    status: "error",
    response_metadata: withNote({ filler: true }),
  });
}

/** One text is a string: every integration reads that. */
export function contentOf(blocks: readonly ContentBlock[]): string | ContentBlock[] {
  const [only] = blocks;
  if (only === undefined) return "";
  return blocks.length === 1 && only.type === "text" ? String(only["text"]) : [...blocks];
}

function usageMetadata(
  usage: Usage | null,
): { input_tokens: number; output_tokens: number; total_tokens: number } | undefined {
  const { input_tokens: input, output_tokens: output, total_tokens: total } = usage ?? {};
  if (typeof input !== "number" || typeof output !== "number") return undefined;
  return { input_tokens: input, output_tokens: output, total_tokens: total ?? input + output };
}
