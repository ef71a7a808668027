import type { AgentOutput, ToolOrigin } from "@agentscope-runtime/core";
import type { Usage } from "@agentscope-runtime/protocol";
import type { AgentScopeEvent } from "./agentscope-event.ts";
import type { AgentScopeToolCallBlock } from "./agentscope-message.ts";
import { approvalId } from "./approval-id.ts";
import type { FromAgentScopeOptions } from "./from-agentscope.ts";
import { fromData } from "./from-block.ts";
import { ResultReader } from "./result-reader.ts";

interface OpenCall {
  readonly name: string;
  readonly origin: ToolOrigin;
  arguments: string;
  complete: boolean;
}

type Speech = Extract<AgentScopeEvent, { type: "TEXT_BLOCK_DELTA" | "THINKING_BLOCK_DELTA" }>;

/** Reads one stream, event by event. It remembers what an event does not say itself. */
export class EventReader {
  readonly #isExternal: (toolName: string) => boolean;
  readonly #callNames: ReadonlyMap<string, string>;
  readonly #calls = new Map<string, OpenCall>();
  /** Base64 that comes in pieces. */
  readonly #binaries = new Map<string, { readonly mediaType: string; data: string }>();
  /** The block that was said last, while nothing has ended its message. */
  #block: { readonly type: Speech["type"]; readonly id: string } | undefined;
  #result: ResultReader | undefined;
  /** Before it, calls are those of an earlier run, which has told them. */
  #hasCalledModel = false;

  constructor({ isExternal = () => false, callNames = new Map() }: FromAgentScopeOptions = {}) {
    this.#isExternal = isExternal;
    this.#callNames = callNames;
  }

  /** What the agent says with this event. */
  read(event: AgentScopeEvent): Iterable<AgentOutput> {
    // Most events are these, and a generator for each would be too much.
    const isSpeech = event.type === "TEXT_BLOCK_DELTA" || event.type === "THINKING_BLOCK_DELTA";
    return isSpeech && this.#result === undefined ? this.#speech(event) : this.#read(event);
  }

  *#read(event: AgentScopeEvent): Generator<AgentOutput> {
    if (this.#result !== undefined && !this.#result.takes(event)) yield* this.#endResult();
    switch (event.type) {
      case "TEXT_BLOCK_DELTA":
      case "THINKING_BLOCK_DELTA":
        yield* this.#speech(event);
        break;
      case "BINARY_BLOCK_DELTA":
        this.#growBinary(event);
        break;
      case "BINARY_BLOCK_END":
        yield* this.#endBinary(event.blockId);
        break;
      case "TOOL_CALL_START":
        yield this.#begin(event.toolCallId, event.toolCallName);
        break;
      case "TOOL_CALL_DELTA":
        yield* this.#grow(event.toolCallId, event.delta);
        break;
      case "TOOL_CALL_END":
        yield* this.#complete(event.toolCallId);
        break;
      case "TOOL_RESULT_START":
        yield* this.#beginResult(event.toolCallId, event.toolCallName);
        break;
      case "TOOL_RESULT_TEXT_DELTA":
      case "TOOL_RESULT_BINARY_DELTA":
      case "TOOL_RESULT_END":
        yield* this.#beginResult(event.toolCallId, undefined);
        yield* this.#result?.read(event) ?? [];
        break;
      case "MODEL_CALL_STARTED":
        this.#hasCalledModel = true;
        break;
      case "MODEL_CALL_ENDED":
        yield* this.#modelCallEnd(event);
        break;
      case "REQUIRE_USER_CONFIRM":
        for (const call of event.toolCalls) yield* this.#ask(event.replyId, call);
        break;
      case "REQUIRE_EXTERNAL_EXECUTION":
        for (const call of event.toolCalls) yield* this.#handOut(call);
        break;
      case "EXCEED_MAX_ITERS":
        yield { type: "incomplete", reason: "max_iterations" };
        break;
      // Blocks end in a burst behind the model's answer, and not where they end.
      case "TEXT_BLOCK_END":
      case "THINKING_BLOCK_END":
      case "RUN_STARTED":
      case "RUN_FINISHED":
        break;
    }
  }

  /** What is still open. A stream that broke leaves its calls unfinished, and so a result that nothing has ended. */
  *close({ broken }: { readonly broken: boolean }): Generator<AgentOutput> {
    if (!broken || this.#result?.hasEnded === true) yield* this.#endResult();
    if (!broken) for (const callId of this.#calls.keys()) yield* this.#complete(callId);
  }

  #speech({ type, blockId, delta }: Speech): AgentOutput[] {
    if (delta === "") return [];
    const isNext = this.#block?.type === type && this.#block.id !== blockId;
    this.#block = { type, id: blockId };
    const said: AgentOutput = { type: type === "TEXT_BLOCK_DELTA" ? "text.delta" : "reasoning.delta", delta };
    return isNext ? [{ type: "message.end" }, said] : [said];
  }

  #growBinary({ blockId, data, mediaType }: Extract<AgentScopeEvent, { type: "BINARY_BLOCK_DELTA" }>): void {
    const known = this.#binaries.get(blockId);
    if (known === undefined) this.#binaries.set(blockId, { mediaType, data });
    else known.data += data;
  }

  *#endBinary(blockId: string): Generator<AgentOutput> {
    const source = this.#binaries.get(blockId);
    if (source === undefined) return;
    this.#binaries.delete(blockId);
    yield { type: "content", content: fromData({ source: { type: "base64", ...source } }) };
  }

  #begin(callId: string, name: string): AgentOutput {
    this.#block = undefined;
    const call = { name, origin: this.#originOf(name), arguments: "", complete: false };
    this.#calls.set(callId, call);
    return { type: "tool.call.delta", callId, name, delta: "", ...call.origin };
  }

  *#grow(callId: string, delta: string): Generator<AgentOutput> {
    const call = this.#calls.get(callId);
    if (call === undefined || call.complete || delta === "") return;
    call.arguments += delta;
    yield { type: "tool.call.delta", callId, name: call.name, delta, ...call.origin };
  }

  *#complete(callId: string): Generator<AgentOutput> {
    const call = this.#calls.get(callId);
    if (call === undefined || call.complete) return;
    call.complete = true;
    yield {
      type: "tool.call",
      callId,
      name: call.name,
      arguments: call.arguments === "" ? "{}" : call.arguments,
      ...call.origin,
    };
  }

  *#beginResult(callId: string, name: string | undefined): Generator<AgentOutput> {
    if (this.#result !== undefined) return; // It is this call's, or `read` had ended it.
    const known = this.#calls.get(callId)?.name ?? name ?? this.#callNames.get(callId);
    if (known !== undefined) yield* this.#announce(callId, known, "{}");
    yield* this.#complete(callId);
    this.#block = undefined;
    this.#result = new ResultReader(callId, known, this.#calls.get(callId)?.origin ?? this.#originOf(known));
  }

  *#endResult(): Generator<AgentOutput> {
    if (this.#result !== undefined) yield this.#result.end();
    this.#result = undefined;
  }

  /** Tells a call that the model made in this stream and that no event told. */
  *#announce(callId: string, name: string, input: string): Generator<AgentOutput> {
    if (this.#calls.has(callId) || !this.#hasCalledModel) return;
    yield this.#begin(callId, name);
    yield* this.#grow(callId, input);
    yield* this.#complete(callId);
  }

  *#modelCallEnd({
    inputTokens,
    outputTokens,
  }: Extract<AgentScopeEvent, { type: "MODEL_CALL_ENDED" }>): Generator<AgentOutput> {
    for (const blockId of this.#binaries.keys()) yield* this.#endBinary(blockId);
    for (const callId of this.#calls.keys()) yield* this.#complete(callId);
    const usage = toUsage(inputTokens, outputTokens);
    if (usage !== undefined) yield { type: "usage", usage };
  }

  *#ask(replyId: string, { id, name, input }: AgentScopeToolCallBlock): Generator<AgentOutput> {
    yield* this.#announce(id, name, input);
    yield { type: "approval.request", id: approvalId(replyId, id), name, arguments: input };
  }

  /** A call that was told as the agent's own is told again: the client only runs what is its to run. */
  *#handOut({ id, name, input }: AgentScopeToolCallBlock): Generator<AgentOutput> {
    if (this.#calls.get(id)?.origin.kind === "function") return;
    this.#calls.set(id, { name, origin: { kind: "function" }, arguments: input, complete: true });
    yield { type: "tool.call", callId: id, name, arguments: input, kind: "function" };
  }

  #originOf(name: string | undefined): ToolOrigin {
    return name !== undefined && this.#isExternal(name) ? { kind: "function" } : {};
  }
}

/** Zero of both is what the framework says when the model did not tell. */
function toUsage(inputTokens: number, outputTokens: number): Usage | undefined {
  const counts = { input_tokens: inputTokens, output_tokens: outputTokens };
  const known = Object.entries(counts).filter(([, count]) => Number.isFinite(count) && count >= 0);
  const total = known.reduce((sum, [, count]) => sum + count, 0);
  return total === 0 ? undefined : { ...Object.fromEntries(known), total_tokens: total };
}
