import type { AgentOutput, ToolOrigin } from "@agentscope-runtime/core";
import { denialText, stopReason } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { toApprovalId } from "./approval-id.ts";
import { fromMastraError } from "./from-mastra-error.ts";
import { citedSource, customContent, generatedFile } from "./generated-content.ts";
import { isAgentChunk, isDataChunk } from "./mastra-chunk.ts";
import type { MastraAgentChunk, MastraStepEnd, MastraToolCallPayload, MastraToolPayload } from "./mastra-chunk.ts";
import { NestedReader } from "./nested-reader.ts";
import { stepUsage } from "./to-usage.ts";
import { errorText, isRefusedInput } from "./tool-failure.ts";

/** Reads one agent's stream, chunk by chunk. It remembers what a chunk does not say itself: a call's name, which block is open. */
export class ChunkReader {
  readonly #clientTools: ReadonlySet<string>;
  /** The names of calls, by id, from their first chunk on. */
  readonly #names = new Map<string, string>();
  /** Calls that have their answer: Mastra may tell it again. */
  readonly #answered = new Set<string>();
  /** Agents that are tools, by the id of their call, while they run. */
  readonly #nested = new Map<string, NestedReader>();
  /** The block of text or reasoning that was said last, while nothing has ended its message. */
  #block: { readonly type: "text-delta" | "reasoning-delta"; readonly id: string } | undefined;
  /** What the step has said begins like JSON: a structured answer that is being streamed. */
  #saysJson = false;

  constructor(clientTools: Iterable<string>) {
    this.#clientTools = new Set(clientTools);
  }

  /** What the agent says with this chunk; nothing for a chunk of another type. Throws what `error` and `abort` stand for. */
  *read(chunk: MastraAgentChunk): Generator<AgentOutput> {
    switch (chunk.type) {
      case "text-delta":
      case "reasoning-delta":
        yield* this.#speech(chunk.type, chunk.payload.id, chunk.payload.text);
        break;
      case "tool-call-input-streaming-start":
        this.#open(chunk.payload);
        yield this.#delta(chunk.payload.toolCallId, chunk.payload.toolName, "");
        break;
      case "tool-call-delta":
        yield* this.#inputDelta(chunk.payload.toolCallId, chunk.payload.argsTextDelta);
        break;
      case "tool-call":
        yield this.#call(chunk.payload);
        break;
      case "tool-output":
        yield* this.#progress(chunk.payload.toolCallId, chunk.payload.toolName, chunk.payload.output);
        break;
      case "tool-result":
        yield* this.#result(chunk.payload, {
          output: chunk.payload.result ?? null,
          isError: chunk.payload.isError === true || isRefusedInput(chunk.payload.result),
        });
        break;
      case "tool-error":
        yield* this.#result(chunk.payload, { output: errorText(chunk.payload.error), isError: true });
        break;
      case "tool-output-denied":
        yield* this.#result(chunk.payload, { output: denialText(chunk.payload.approval?.reason), isError: true });
        break;
      case "tool-call-approval":
        yield approvalRequest(chunk.runId, chunk.payload);
        break;
      case "tool-call-suspended":
        yield* suspension(chunk.runId, chunk.payload);
        break;
      case "file":
        yield { type: "content", content: generatedFile(chunk.payload) };
        break;
      case "source":
        yield { type: "content", content: citedSource(chunk.payload) };
        break;
      case "object-result":
        yield* this.#object(chunk.object);
        break;
      case "step-finish":
        yield* this.#stepEnd(chunk.payload);
        break;
      case "finish":
        yield* ending(chunk.payload.stepResult?.reason);
        break;
      case "tripwire":
        // One that retries goes on; what it had said stays said.
        if (chunk.payload.retry !== true) yield { type: "incomplete", reason: "tripwire" };
        break;
      case "error":
        throw fromMastraError(chunk.payload.error);
      case "abort":
        throw new RuntimeError("canceled", "The operation was canceled.");
      case "workflow-step-output":
        break;
      default:
        if (isDataChunk(chunk)) yield { type: "content", content: customContent(chunk) };
    }
  }

  /** Two blocks of a kind are two messages; what lies between two blocks of other kinds ends the message by itself. */
  *#speech(type: "text-delta" | "reasoning-delta", id: string, text: string): Generator<AgentOutput> {
    if (text === "") return;
    if (this.#block?.type === type && this.#block.id !== id) yield { type: "message.end" };
    if (type === "text-delta" && this.#block?.id !== id) this.#saysJson = /^\s*[[{]/.test(text);
    this.#block = { type, id };
    yield { type: type === "text-delta" ? "text.delta" : "reasoning.delta", delta: text };
  }

  #open({ toolCallId, toolName }: MastraToolPayload): void {
    // Only a call's first chunk ends what is being said: text may go on between the pieces of its arguments.
    if (this.#names.get(toolCallId) !== toolName) this.#block = undefined;
    this.#names.set(toolCallId, toolName);
    // Some providers count their calls anew in each step.
    this.#answered.delete(toolCallId);
  }

  *#inputDelta(callId: string, delta: string): Generator<AgentOutput> {
    const name = this.#names.get(callId);
    if (name !== undefined) yield this.#delta(callId, name, delta);
  }

  #delta(callId: string, name: string, delta: string): AgentOutput {
    return { type: "tool.call.delta", callId, name, delta, ...this.#originOf(name) };
  }

  #call(payload: MastraToolCallPayload): AgentOutput {
    this.#open(payload);
    const { toolCallId: callId, toolName: name, args } = payload;
    return { type: "tool.call", callId, name, arguments: args ?? {}, ...this.#originOf(name) };
  }

  #originOf(name: string): ToolOrigin {
    return { kind: this.#clientTools.has(name) ? "function" : "plugin" };
  }

  *#progress(callId: string, toolName: string | undefined, output: unknown): Generator<AgentOutput> {
    const name = toolName ?? this.#names.get(callId);
    if (isDataChunk(output)) {
      yield { type: "content", content: customContent(output) };
      return;
    }
    if (!isAgentChunk(output)) {
      if (!this.#answered.has(callId)) yield this.#preliminary(callId, name, output ?? null);
      return;
    }
    const nested = this.#nested.get(callId) ?? new NestedReader(callId, new ChunkReader([]));
    this.#nested.set(callId, nested);
    for (const said of nested.read(output)) {
      if (typeof said === "string") yield this.#preliminary(callId, name, said);
      else yield said;
    }
  }

  #preliminary(callId: string, name: string | undefined, output: unknown): AgentOutput {
    const result = { type: "tool.result", callId, output, preliminary: true, kind: "plugin" } as const;
    return name === undefined ? result : { ...result, name };
  }

  /** A result may answer a call of an earlier run, one that a person has approved since. */
  *#result(
    { toolCallId: callId, toolName: name }: MastraToolPayload,
    { output, isError }: { readonly output: unknown; readonly isError: boolean },
  ): Generator<AgentOutput> {
    if (this.#answered.has(callId)) return;
    this.#answered.add(callId);
    this.#nested.delete(callId);
    yield { type: "tool.result", callId, name, output, ...(isError && { isError }), ...this.#originOf(name) };
  }

  /** The object of an answer whose own text is not that object already. */
  *#object(object: unknown): Generator<AgentOutput> {
    if (this.#saysJson || typeof object !== "object" || object === null) return;
    const data = Array.isArray(object) ? { value: object } : { ...object };
    yield { type: "content", content: { type: "data", data } };
  }

  *#stepEnd(end: MastraStepEnd): Generator<AgentOutput> {
    this.#block = undefined;
    const usage = stepUsage(end);
    // The total of the `finish` chunk is the sum of these.
    if (usage !== undefined) yield { type: "usage", usage };
  }
}

/** A person is asked, under an id that finds the call again in another process. */
function approvalRequest(runId: string, { toolCallId, toolName, args }: MastraToolCallPayload): AgentOutput {
  return { type: "approval.request", id: toApprovalId({ runId, toolCallId }), name: toolName, arguments: args ?? {} };
}

/** A tool that has suspended itself asks too, and says what about. */
function* suspension(
  runId: string,
  payload: MastraToolCallPayload & { readonly suspendPayload?: unknown },
): Generator<AgentOutput> {
  const { suspendPayload, toolName } = payload;
  if (suspendPayload !== undefined && suspendPayload !== null) {
    const data = { type: "suspended", tool: toolName, payload: suspendPayload };
    yield { type: "content", content: { type: "data", data } };
  }
  yield approvalRequest(runId, payload);
}

function* ending(finishReason = ""): Generator<AgentOutput> {
  const reason = stopReason(finishReason);
  if (reason !== undefined) yield { type: "incomplete", reason };
  if (finishReason === "error") throw new RuntimeError("unavailable", "The model ended its answer with an error.");
}
