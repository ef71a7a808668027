import type { AgentOutput, ToolOrigin } from "@agentscope-runtime/core";
import { isObject, knownUsage, stopReason } from "@agentscope-runtime/core/adapter";
import type { Content, ContentInput, Usage } from "@agentscope-runtime/protocol";
import { fromBlock, reasoningOf } from "./from-block.ts";
import type { Block } from "./from-block.ts";

/** The parts of an AIMessage, or of a chunk of one, that are read. LangChain's own classes satisfy it. */
export interface AiMessageLike {
  readonly content: unknown;
  readonly tool_calls?: readonly { readonly id?: string; readonly name: string; readonly args: unknown }[] | undefined;
  readonly invalid_tool_calls?:
    | readonly { readonly id?: string; readonly name?: string; readonly args?: string }[]
    | undefined;
  readonly tool_call_chunks?:
    | readonly { readonly id?: string; readonly name?: string; readonly args?: string; readonly index?: number }[]
    | undefined;
  readonly additional_kwargs?: Readonly<Record<string, unknown>> | undefined;
  readonly response_metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly usage_metadata?: Readonly<Record<string, unknown>> | undefined;
}

interface OpenCall {
  readonly callId: string;
  readonly name: string;
  arguments: string;
  isWhole: boolean;
}

/** Reads one message of an agent, chunk by chunk or whole. */
export class MessageReader {
  readonly #origin: (name: string) => ToolOrigin;
  /** By its place among the calls of the message. */
  readonly #calls = new Map<number | string, OpenCall>();
  #stop: string | undefined;
  #hasSpoken = false;

  constructor(origin: (name: string) => ToolOrigin) {
    this.#origin = origin;
  }

  /** Why the model stopped, once it has told: `stop` and the like when it was done. */
  get stop(): string | undefined {
    return this.#stop;
  }

  /** The reason of an incomplete run, where the model was cut off. */
  get incomplete(): string | undefined {
    return stopReason(this.#stop ?? "");
  }

  /** Whether text or reasoning of it was said. */
  get hasSpoken(): boolean {
    return this.#hasSpoken;
  }

  get callIds(): readonly string[] {
    return [...this.#calls.values()].map(({ callId }) => callId);
  }

  *read(message: AiMessageLike): Generator<AgentOutput> {
    this.#stop = stopOf(message) ?? this.#stop;
    for (const output of speechOf(message)) {
      this.#hasSpoken = true;
      yield output;
    }
    const chunks = message.tool_call_chunks ?? [];
    for (const chunk of chunks) yield* this.#grow(chunk);
    if (chunks.length === 0) yield* this.#whole(message);
  }

  /** The calls that are whole now that the message is. */
  *finish(): Generator<AgentOutput> {
    for (const call of this.#calls.values()) {
      if (call.isWhole) continue;
      call.isWhole = true;
      const { callId, name, arguments: text } = call;
      yield { type: "tool.call", callId, name, arguments: text.trim() === "" ? {} : text, ...this.#origin(name) };
    }
  }

  *#grow(chunk: { id?: string; name?: string; args?: string; index?: number }): Generator<AgentOutput> {
    const { id, name, args: delta = "", index } = chunk;
    const key = index ?? id ?? [...this.#calls.keys()].at(-1);
    const known = key === undefined ? undefined : this.#calls.get(key);
    // Some providers give every call the same index; a new id is a new call.
    const isNew = known === undefined || (id !== undefined && id !== "" && id !== known.callId);
    if (!isNew) {
      known.arguments += delta;
      if (delta !== "") yield this.#delta(known, delta);
      return;
    }
    if (id === undefined || id === "" || name === undefined) return;
    const call: OpenCall = { callId: id, name, arguments: delta, isWhole: false };
    this.#calls.set(known === undefined && key !== undefined ? key : id, call);
    yield this.#delta(call, delta);
  }

  #delta({ callId, name }: OpenCall, delta: string): AgentOutput {
    return { type: "tool.call.delta", callId, name, delta, ...this.#origin(name) };
  }

  *#whole({ tool_calls: calls = [], invalid_tool_calls: invalid = [] }: AiMessageLike): Generator<AgentOutput> {
    for (const { id, name, args } of [...calls, ...invalid]) {
      if (id === undefined || name === undefined || this.callIds.includes(id)) continue;
      this.#calls.set(id, { callId: id, name, arguments: "", isWhole: true });
      yield { type: "tool.call", callId: id, name, arguments: args ?? {}, ...this.#origin(name) };
    }
  }
}

/** The text of a chunk that is nothing but a piece of text; undefined for any other. */
export function bareTextOf(message: AiMessageLike): string | undefined {
  const { content, usage_metadata: usage, additional_kwargs: kwargs = {} } = message;
  if (typeof content !== "string" || content === "" || usage !== undefined || stopOf(message) !== undefined)
    return undefined;
  if (hasSome(message.tool_call_chunks) || hasSome(message.tool_calls) || hasSome(message.invalid_tool_calls))
    return undefined;
  const hasMore = kwargs["reasoning_content"] ?? kwargs["reasoning"] ?? kwargs["refusal"];
  return hasMore === undefined ? content : undefined;
}

function hasSome(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}

/** Tokens of a message or of a chunk; undefined when it tells none. */
export function usageOf({ usage_metadata: usage }: AiMessageLike): Usage | undefined {
  if (usage === undefined) return undefined;
  const input = isObject(usage["input_token_details"]) ? usage["input_token_details"] : {};
  const output = isObject(usage["output_token_details"]) ? usage["output_token_details"] : {};
  return knownUsage({
    input_tokens: usage["input_tokens"],
    output_tokens: usage["output_tokens"],
    total_tokens: usage["total_tokens"],
    cached_input_tokens: input["cache_read"],
    cache_write_tokens: input["cache_creation"],
    reasoning_tokens: output["reasoning"],
  });
}

function* speechOf({ content, additional_kwargs: kwargs = {} }: AiMessageLike): Generator<AgentOutput> {
  const thought = thoughtOf(kwargs);
  if (thought !== "") yield { type: "reasoning.delta", delta: thought };
  if (typeof content === "string") {
    if (content !== "") yield { type: "text.delta", delta: content };
  } else if (Array.isArray(content)) {
    for (const block of content as readonly unknown[]) {
      if (typeof block === "string") yield { type: "text.delta", delta: block };
      else if (isObject(block)) yield* outputOf(block);
    }
  }
  const { refusal } = kwargs;
  if (typeof refusal === "string" && refusal !== "") yield { type: "refusal.delta", delta: refusal };
}

function* outputOf(block: Block): Generator<AgentOutput> {
  const thought = reasoningOf(block);
  if (thought !== undefined) {
    if (thought !== "") yield { type: "reasoning.delta", delta: thought };
    return;
  }
  const part = fromBlock(block);
  if (part === undefined) return;
  if (part.type === "text") yield { type: "text.delta", delta: String(part["text"]) };
  else if (part.type === "refusal") yield { type: "refusal.delta", delta: String(part["refusal"]) };
  // Made of the fields that such a part has; the narrator checks it.
  else yield { type: "content", content: part as ContentInput & Partial<Content> };
}

/** What integrations put beside the content: DeepSeek and others a text, OpenAI summaries. */
function thoughtOf({ reasoning_content: text, reasoning }: Readonly<Record<string, unknown>>): string {
  if (typeof text === "string") return text;
  const summary = isObject(reasoning) ? reasoning["summary"] : undefined;
  if (!Array.isArray(summary)) return "";
  return summary.map((piece) => (isObject(piece) && typeof piece["text"] === "string" ? piece["text"] : "")).join("");
}

function stopOf({
  response_metadata: metadata = {},
  additional_kwargs: kwargs = {},
}: AiMessageLike): string | undefined {
  const details = isObject(metadata["incomplete_details"]) ? metadata["incomplete_details"]["reason"] : undefined;
  const reasons = [
    details,
    metadata["finish_reason"],
    metadata["stop_reason"],
    metadata["finishReason"],
    metadata["stopReason"],
    metadata["done_reason"],
    kwargs["stop_reason"],
    kwargs["finishReason"],
  ];
  return reasons.filter((reason) => typeof reason === "string").find((reason) => reason !== "");
}
