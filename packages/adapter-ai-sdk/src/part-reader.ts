import type { AgentOutput, ToolOrigin } from "@agentscope-runtime/core";
import { denialText, fileContent, sourceContent, stopReason } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type {
  AiSdkFile,
  AiSdkPart,
  AiSdkSpeech,
  AiSdkTool,
  AiSdkToolCall,
  AiSdkToolInputStart,
  AiSdkUsage,
} from "./ai-sdk-part.ts";
import { fromAiSdkError } from "./from-ai-sdk-error.ts";
import { toUsage } from "./to-usage.ts";
import { toolOrigin } from "./tool-origin.ts";

/** What is known of a call since its first part. */
interface OpenCall {
  readonly name: string;
  readonly origin: ToolOrigin;
  /** The deltas are a bare text, which is one JSON string. */
  readonly bareText: boolean;
  /** Why a policy denied it. */
  denial?: string;
}

/** Reads one stream, part by part. It remembers what a part does not say itself: a call's name, which block is open. */
export class PartReader {
  readonly #clientTools: ReadonlySet<string>;
  readonly #calls = new Map<string, OpenCall>();
  /** The block of text or reasoning that was said last, while nothing has ended its message. */
  #block: { readonly type: AiSdkSpeech["type"]; readonly id: string; readonly step: number } | undefined;
  #steps = 0;

  constructor(clientTools: Iterable<string>) {
    this.#clientTools = new Set(clientTools);
  }

  /**
   * What the agent says with this part; nothing for a part of another type. Throws the RuntimeError that an `error` or
   * `abort` part stands for.
   */
  read(part: AiSdkPart): Iterable<AgentOutput> {
    // Most parts are speech, and a generator for each would be too much.
    return isSpeech(part) ? this.#speech(part) : this.#read(part);
  }

  *#read(part: Exclude<AiSdkPart, AiSdkSpeech>): Generator<AgentOutput> {
    switch (part.type) {
      case "tool-input-start":
        yield this.#inputStart(part);
        break;
      case "tool-input-delta":
        yield* this.#inputDelta(part.id, part.delta);
        break;
      case "tool-input-end":
        yield* this.#inputEnd(part.id);
        break;
      case "tool-call":
        yield this.#call(part);
        break;
      case "tool-result":
        yield this.#result(part, { output: part.output ?? null, ...(part.preliminary && { preliminary: true }) });
        break;
      case "tool-error":
        yield this.#result(part, { output: errorOutput(part.error), isError: true });
        break;
      case "tool-output-denied":
        yield this.#result(part, { output: this.#denialOf(part.toolCallId), isError: true });
        break;
      case "tool-approval-request":
        if (part.isAutomatic !== true) yield this.#approvalRequest(part.approvalId, part.toolCall);
        break;
      case "tool-approval-response":
        this.#policyAnswer(part.toolCall.toolCallId, part.reason);
        break;
      case "file":
        yield { type: "content", content: generated(part.file) };
        break;
      case "source":
        yield { type: "content", content: sourceContent(part) };
        break;
      case "finish-step":
        yield* this.#stepEnd(part.usage);
        break;
      case "finish":
        yield* ending(part.finishReason);
        break;
      case "error":
        throw fromAiSdkError(part.error);
      case "abort":
        throw abortError(part.reason);
    }
  }

  /** Two blocks of a kind are two messages; what lies between two blocks of other kinds ends the message by itself. */
  #speech({ type, id, text }: AiSdkSpeech): AgentOutput[] {
    // Providers send empty deltas that only carry signatures.
    if (text === "") return [];
    // AI SDK 6 counts blocks anew in each step.
    const block = { type, id, step: this.#steps };
    const before = this.#block;
    this.#block = block;
    const said: AgentOutput = { type: type === "text-delta" ? "text.delta" : "reasoning.delta", delta: text };
    const goesOn = before?.type !== type || (before.id === id && before.step === block.step);
    return goesOn ? [said] : [{ type: "message.end" }, said];
  }

  #inputStart(part: AiSdkToolInputStart): AgentOutput {
    const call = this.#open(part.id, part, part.inputEncoding === "text");
    return this.#delta(part.id, call, call.bareText ? '"' : "");
  }

  *#inputDelta(callId: string, delta: string): Generator<AgentOutput> {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    yield this.#delta(callId, call, call.bareText ? JSON.stringify(delta).slice(1, -1) : delta);
  }

  *#inputEnd(callId: string): Generator<AgentOutput> {
    const call = this.#calls.get(callId);
    if (call?.bareText === true) yield this.#delta(callId, call, '"');
  }

  #delta(callId: string, { name, origin }: OpenCall, delta: string): AgentOutput {
    return { type: "tool.call.delta", callId, name, delta, ...origin };
  }

  #call(part: AiSdkToolCall): AgentOutput {
    const { name, origin } = this.#open(part.toolCallId, part, false);
    return { type: "tool.call", callId: part.toolCallId, name, arguments: argumentsOf(part), ...origin };
  }

  #open(callId: string, tool: AiSdkTool, bareText: boolean): OpenCall {
    // Only a call's first part ends what is being said: text may go on between the pieces of its arguments.
    if (!this.#calls.has(callId)) this.#block = undefined;
    const call = { name: tool.toolName, origin: toolOrigin(tool, this.#clientTools), bareText };
    this.#calls.set(callId, call);
    return call;
  }

  /** A result may answer a call of an earlier run, one that a person has approved since. */
  #result(
    part: AiSdkTool & { readonly toolCallId: string },
    answer: { readonly output: unknown; readonly isError?: boolean; readonly preliminary?: boolean },
  ): AgentOutput {
    const origin = this.#calls.get(part.toolCallId)?.origin ?? toolOrigin(part, this.#clientTools);
    return { type: "tool.result", callId: part.toolCallId, name: part.toolName, ...answer, ...origin };
  }

  #approvalRequest(id: string, call: AiSdkToolCall): AgentOutput {
    const { serverLabel } = this.#calls.get(call.toolCallId)?.origin ?? toolOrigin(call, this.#clientTools);
    const request = { type: "approval.request", id, name: call.toolName, arguments: argumentsOf(call) } as const;
    return serverLabel === undefined ? request : { ...request, serverLabel };
  }

  #policyAnswer(callId: string, reason: string | undefined): void {
    const call = this.#calls.get(callId);
    if (call !== undefined && reason !== undefined) call.denial = reason;
  }

  #denialOf(callId: string): string {
    return denialText(this.#calls.get(callId)?.denial);
  }

  *#stepEnd(usage: AiSdkUsage): Generator<AgentOutput> {
    this.#steps += 1;
    const spent = toUsage(usage);
    // The total of the `finish` part is the sum of these.
    if (spent !== undefined) yield { type: "usage", usage: spent };
  }
}

/** A generated file as a part of a message; its bytes travel as a `data:` URL. */
function generated({ base64, mediaType }: AiSdkFile): ReturnType<typeof fileContent> {
  return fileContent({ url: `data:${mediaType};base64,${base64}`, mediaType });
}

function isSpeech(part: AiSdkPart): part is AiSdkSpeech {
  return part.type === "text-delta" || part.type === "reasoning-delta";
}

function* ending(finishReason: string): Generator<AgentOutput> {
  const reason = stopReason(finishReason);
  if (reason !== undefined) yield { type: "incomplete", reason };
  if (finishReason === "error") throw new RuntimeError("unavailable", "The model ended its answer with an error.");
}

/** The SDK's own timeouts abort too, and their reason is all that tells. */
function abortError(reason = ""): RuntimeError {
  return /time(d )?\s?out/i.test(reason)
    ? new RuntimeError("deadline_exceeded", "The model took too long.")
    : new RuntimeError("canceled", "The operation was canceled.");
}

/** What the model wrote, where it is not JSON; else the JSON text of the input that the tool gets. */
function argumentsOf({ input, invalid }: AiSdkToolCall): unknown {
  if (typeof input === "string") return invalid === true ? input : JSON.stringify(input);
  return input ?? {};
}

/** What the model is told: the text of an error that the tool threw, or what the provider's tool answered. */
function errorOutput(error: unknown): unknown {
  return messageOf(error) ?? error ?? "The tool failed.";
}

/** By shape: errors of another realm fail `instanceof`. */
function messageOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("name" in error) || !("message" in error)) return undefined;
  return typeof error.message === "string" ? error.message : undefined;
}
