import { noResult, parseArguments } from "@agentscope-runtime/core/adapter";
import { parseOutput } from "./parse-output.ts";
import type {
  ModelApprovalResponsePart,
  ModelAssistantPart,
  ModelFileReference,
  ModelMessage,
  ModelToolCallPart,
  ModelToolOutput,
  ModelToolPart,
} from "./model-message.ts";
import type { ResultImages } from "./to-tool-output.ts";
import { isProviderMcpName } from "./tool-origin.ts";

type Reference = ModelFileReference;

/** What the agent said without a pause, and the answers to its calls. It becomes an assistant and a tool message. */
interface Turn {
  readonly parts: ModelAssistantPart<Reference>[];
  readonly calls: Call[];
  readonly answers: ModelToolPart[];
}

interface Call {
  readonly turn: Turn;
  readonly part: ModelToolCallPart;
  readonly mcp: boolean;
  answered: boolean;
  approvalId?: string;
  approval?: ModelApprovalResponsePart;
}

export interface NewCall {
  readonly callId: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
  readonly mcp: boolean;
}

export interface CallOutput {
  readonly callId: string;
  readonly output: string;
  readonly isError: boolean;
}

export interface ApprovalAnswer {
  readonly approvalId: string;
  readonly approved: boolean;
  readonly reason: string | undefined;
}

/**
 * Puts messages into the order that models accept: calls, then all of their answers, then the rest; no call without an
 * answer and no answer without a call.
 */
export class ModelConversation {
  readonly #entries: (Turn | ModelMessage<Reference>)[] = [];
  /** Calls that wait for an answer, by id. An id that comes back after its answer is a new call. */
  readonly #waiting = new Map<string, Call>();
  readonly #approvals = new Map<string, Call>();

  readonly #images: ResultImages;

  constructor(images: ResultImages = {}) {
    this.#images = images;
  }

  /** A user's or a system message. */
  add(message: ModelMessage<Reference>): void {
    if (message.content.length > 0) this.#entries.push(message);
  }

  /** More of what the agent says. */
  say(parts: readonly ModelAssistantPart<Reference>[]): void {
    if (parts.length > 0) this.#turn().parts.push(...parts);
  }

  /** A call that is told again while it waits is one call: providers tell it again once a person has approved it. */
  call({ callId, name, arguments: text, mcp }: NewCall): void {
    const waiting = this.#waiting.get(callId);
    if (waiting !== undefined && isSame(waiting, name, text)) return;
    const turn = this.#turn();
    const part: ModelToolCallPart = {
      type: "tool-call",
      toolCallId: callId,
      toolName: name,
      input: parseArguments(text),
    };
    const call: Call = { turn, part, mcp, answered: false };
    turn.parts.push(part);
    turn.calls.push(call);
    this.#waiting.set(callId, call);
  }

  /** The answer goes to its call, however late it comes. Without a waiting call it is dropped. */
  output({ callId, output, isError }: CallOutput): void {
    const call = this.#waiting.get(callId);
    if (call === undefined) return;
    answer(call, denialOf(call) ?? parseOutput(output, isError, this.#images));
    this.#waiting.delete(callId);
  }

  /** It belongs to the waiting call of this name and these arguments; without one it is a call itself. */
  requestApproval(approvalId: string, request: Omit<NewCall, "callId">): void {
    if (this.#approvals.has(approvalId)) return;
    const call = this.#callOf(request) ?? this.#newCall({ ...request, callId: approvalId });
    if (call === undefined) return;
    call.approvalId = approvalId;
    call.turn.parts.push({ type: "tool-approval-request", approvalId, toolCallId: call.part.toolCallId });
    this.#approvals.set(approvalId, call);
  }

  /** The first answer counts. An answer to nothing is dropped. */
  answerApproval({ approvalId, approved, reason }: ApprovalAnswer): void {
    const call = this.#approvals.get(approvalId);
    if (call === undefined || call.approval !== undefined) return;
    call.approval = {
      type: "tool-approval-response",
      approvalId,
      approved,
      ...(reason === undefined ? {} : { reason }),
    };
    call.turn.answers.push(call.approval);
  }

  /** The messages. Ends the conversation: every call that still waits gets an answer here. */
  end(): ModelMessage<Reference>[] {
    const last = this.#entries.at(-1);
    return this.#entries.flatMap((entry) => {
      if ("role" in entry) return [entry];
      for (const call of entry.calls) if (!call.answered) settle(call, entry === last);
      return messagesOf(entry);
    });
  }

  /** The turn that goes on, or a new one when the last one has answers or somebody else has spoken. */
  #turn(): Turn {
    const last = this.#entries.at(-1);
    if (last !== undefined && !("role" in last) && last.answers.length === 0) return last;
    const turn: Turn = { parts: [], calls: [], answers: [] };
    this.#entries.push(turn);
    return turn;
  }

  #callOf({ name, arguments: text }: Omit<NewCall, "callId">): Call | undefined {
    return this.#waiting.values().find((call) => call.approvalId === undefined && isSame(call, name, text));
  }

  #newCall(call: NewCall): Call | undefined {
    this.call(call);
    return this.#waiting.get(call.callId);
  }
}

function isSame({ part }: Call, name: string, text: string): boolean {
  return part.toolName === name && JSON.stringify(part.input) === JSON.stringify(parseArguments(text));
}

function answer(call: Call, output: ModelToolOutput): void {
  const { toolCallId, toolName } = call.part;
  call.answered = true;
  call.turn.answers.push({ type: "tool-result", toolCallId, toolName, output });
}

/** Models know a denial from a failure. */
function denialOf({ approval }: Call): ModelToolOutput | undefined {
  if (approval === undefined || approval.approved) return undefined;
  return { type: "execution-denied", ...(approval.reason === undefined ? {} : { reason: approval.reason }) };
}

/** The SDK runs or denies what a person has just answered; nobody answers the rest any more. */
function settle(call: Call, last: boolean): void {
  if (!last || call.approval === undefined) {
    answer(call, denialOf(call) ?? { type: "error-text", value: noResult });
    return;
  }
  if (!call.mcp || !isProviderMcpName(call.part.toolName)) return;
  // Here the provider waits for the person's answer, and not the SDK.
  call.part.providerExecuted = true;
  call.approval.providerExecuted = true;
}

/** Reasoning that led to nothing is left out: some models refuse a message of reasoning alone. */
function messagesOf({ parts, answers }: Turn): ModelMessage<Reference>[] {
  if (parts.every((part) => part.type === "reasoning")) return [];
  const said: ModelMessage<Reference> = { role: "assistant", content: parts };
  return answers.length === 0 ? [said] : [said, { role: "tool", content: answers }];
}
