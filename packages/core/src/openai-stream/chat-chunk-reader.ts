import type { AgentOutput } from "../agent-output.ts";
import { fromModelError } from "../adapter/from-model-error.ts";
import { stopReason } from "../adapter/stop-reason.ts";
import { annotationContent } from "./annotation-content.ts";
import type { Annotation } from "./annotation-content.ts";
import { AudioPieces } from "./audio-pieces.ts";
import { OpenCalls } from "./open-calls.ts";
import { toUsage } from "./openai-usage.ts";
import type { OpenAIUsage } from "./openai-usage.ts";

/** What is read of a chunk of chat completions. Servers that speak like OpenAI leave out what they like. */
interface ChatChunk {
  readonly choices?: readonly ChatChoice[] | null;
  readonly usage?: OpenAIUsage | null;
  /** Some servers put it in place of a chunk. */
  readonly error?: unknown;
}

interface ChatChoice {
  readonly index?: number;
  readonly delta?: ChatDelta | null;
  readonly finish_reason?: string | null;
}

interface ChatDelta {
  readonly content?: string | null;
  readonly refusal?: string | null;
  /** DeepSeek, Qwen, vLLM; the other word is OpenRouter's and Ollama's. */
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
  readonly tool_calls?: readonly ChatToolCall[] | null;
  /** How calls were told before there were several. */
  readonly function_call?: Written | null;
  readonly audio?: { readonly data?: string; readonly transcript?: string } | null;
  readonly images?: readonly { readonly image_url?: { readonly url?: string } }[] | null;
  readonly annotations?: readonly Annotation[] | null;
}

interface Written {
  readonly name?: string | null;
  readonly arguments?: string | null;
}

interface ChatToolCall {
  readonly index?: number;
  readonly id?: string | null;
  readonly function?: Written;
  readonly custom?: { readonly name?: string; readonly input?: string };
}

/** Reads the chunks of one completion. */
export class ChatChunkReader {
  readonly #calls: OpenCalls;
  readonly #audio = new AudioPieces();
  #usage: OpenAIUsage | undefined;
  #isFinished = false;
  /** The call that is being written. */
  #current: number | undefined;

  constructor(clientTools: ReadonlySet<string>) {
    this.#calls = new OpenCalls(clientTools);
  }

  *read(chunk: ChatChunk): Generator<AgentOutput> {
    if (chunk.error) throw fromModelError(chunk.error);
    // Some servers tell it with each chunk, and add up by themselves.
    if (chunk.usage) this.#usage = chunk.usage;
    for (const { index = 0, delta, finish_reason: reason } of chunk.choices ?? []) {
      if (index !== 0) continue;
      if (delta) yield* this.#delta(delta);
      if (reason) yield* this.#finish(reason);
    }
  }

  *close({ broken }: { readonly broken: boolean }): Generator<AgentOutput> {
    if (!broken && !this.#isFinished) yield { type: "incomplete", reason: "interrupted" };
    const usage = this.#usage && toUsage(this.#usage);
    if (usage !== undefined) yield { type: "usage", usage };
  }

  *#delta(delta: ChatDelta): Generator<AgentOutput> {
    const thought = delta.reasoning_content ?? delta.reasoning;
    if (thought) yield { type: "reasoning.delta", delta: thought };
    if (delta.content) yield { type: "text.delta", delta: delta.content };
    if (delta.refusal) yield { type: "refusal.delta", delta: delta.refusal };
    for (const { image_url: image } of delta.images ?? []) {
      if (image?.url !== undefined) yield { type: "content", content: { type: "image", image_url: image.url } };
    }
    for (const annotation of delta.annotations ?? []) {
      for (const content of annotationContent(annotation)) yield { type: "content", content };
    }
    if (delta.audio?.transcript) yield { type: "text.delta", delta: delta.audio.transcript };
    if (delta.audio?.data) this.#audio.add(delta.audio.data);
    const calls = delta.tool_calls ?? (delta.function_call ? [{ index: 0, function: delta.function_call }] : []);
    for (const [place, call] of calls.entries()) yield* this.#call(call, call.index ?? place);
  }

  /** A call ends where the next one begins. Some servers give all of them one index, and tell them apart by their ids. */
  *#call({ id, function: written, custom }: ChatToolCall, index: number): Generator<AgentOutput> {
    const name = written?.name ?? custom?.name ?? "";
    if (!this.#calls.has(index, id ?? undefined) && name !== "") {
      if (this.#current !== undefined) yield* this.#calls.complete(this.#current);
      this.#current = index;
      yield this.#calls.begin(index, { callId: id ?? undefined, name, bareText: custom !== undefined });
    }
    yield* this.#calls.grow(index, written?.arguments ?? custom?.input ?? "");
  }

  *#finish(finish: string): Generator<AgentOutput> {
    this.#isFinished = true;
    const reason = stopReason(finish);
    // A call whose arguments were cut off stays as it is.
    if (reason === undefined) yield* this.#calls.completeAll();
    for (const content of this.#audio.take()) yield { type: "content", content };
    if (reason !== undefined) yield { type: "incomplete", reason };
  }
}
