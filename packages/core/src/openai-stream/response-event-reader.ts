import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentOutput } from "../agent-output.ts";
import { fromModelError } from "../adapter/from-model-error.ts";
import { annotationContent } from "./annotation-content.ts";
import type { Annotation } from "./annotation-content.ts";
import { AudioPieces } from "./audio-pieces.ts";
import { OpenCalls } from "./open-calls.ts";
import { toUsage } from "./openai-usage.ts";
import type { OpenAIUsage } from "./openai-usage.ts";
import { providerItem } from "./provider-item.ts";
import type { ResponseItem } from "./provider-item.ts";

interface Delta {
  readonly item_id: string;
  readonly delta: string;
}

interface ResponseState {
  readonly usage?: OpenAIUsage | null;
  readonly error?: object | null;
  readonly incomplete_details?: { readonly reason?: string | null } | null;
}

/** What is read of the events of a response. Others are passed over. */
export type ResponseEvent =
  | (Delta & {
      readonly type: "response.output_text.delta" | "response.refusal.delta";
      readonly content_index?: number;
    })
  | (Delta & { readonly type: "response.reasoning_summary_text.delta"; readonly summary_index?: number })
  | (Delta & { readonly type: "response.reasoning_text.delta"; readonly content_index?: number })
  | (Delta & {
      readonly type:
        | "response.function_call_arguments.delta"
        | "response.mcp_call_arguments.delta"
        | "response.custom_tool_call_input.delta";
    })
  | { readonly type: "response.audio.delta" | "response.audio.transcript.delta"; readonly delta: string }
  | { readonly type: "response.output_text.annotation.added"; readonly annotation: Annotation | null }
  | { readonly type: "response.output_item.added" | "response.output_item.done"; readonly item: ResponseItem }
  | {
      readonly type: "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled";
      readonly response: ResponseState;
    }
  | { readonly type: "error" };

type Speech = Extract<ResponseEvent, { delta: string; item_id: string }>;

/** Reads the events of one response. */
export class ResponseEventReader {
  readonly #calls: OpenCalls;
  readonly #audio = new AudioPieces();
  /** The part that was said last, while nothing has ended its message. */
  #part: { readonly kind: string; readonly id: string } | undefined;
  #isFinished = false;

  constructor(clientTools: ReadonlySet<string>) {
    this.#calls = new OpenCalls(clientTools);
  }

  *read(event: ResponseEvent): Generator<AgentOutput> {
    switch (event.type) {
      case "response.output_text.delta":
        yield* this.#say("text.delta", event, event.item_id);
        break;
      case "response.refusal.delta":
        yield* this.#say("refusal.delta", event, event.item_id);
        break;
      case "response.reasoning_summary_text.delta":
        yield* this.#say("reasoning.delta", event, `${event.item_id}/${event.summary_index ?? 0}`);
        break;
      case "response.reasoning_text.delta":
        yield* this.#say("reasoning.delta", event, `${event.item_id}/${event.content_index ?? 0}`);
        break;
      case "response.function_call_arguments.delta":
      case "response.mcp_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        yield* this.#calls.grow(event.item_id, event.delta);
        break;
      case "response.audio.delta":
        this.#audio.add(event.delta);
        break;
      case "response.audio.transcript.delta":
        if (event.delta !== "") yield { type: "text.delta", delta: event.delta };
        break;
      case "response.output_text.annotation.added":
        for (const content of annotationContent(event.annotation ?? {})) yield { type: "content", content };
        break;
      case "response.output_item.added":
        yield* this.#begin(event.item);
        break;
      case "response.output_item.done":
        yield* this.#complete(event.item);
        break;
      case "response.completed":
        yield* this.#finish(event.response);
        break;
      case "response.incomplete":
        yield* this.#finish(event.response);
        yield { type: "incomplete", reason: incompleteReason(event.response) };
        break;
      case "response.failed":
        yield* this.#finish(event.response);
        throw fromModelError(event.response.error);
      case "response.cancelled":
        yield* this.#finish(event.response);
        throw new RuntimeError("canceled", "The operation was canceled.");
      case "error":
        throw fromModelError(event);
    }
  }

  *close({ broken }: { readonly broken: boolean }): Generator<AgentOutput> {
    if (!broken && !this.#isFinished) yield { type: "incomplete", reason: "interrupted" };
  }

  /** Two parts of a kind are two messages; what lies between two of other kinds ends the message by itself. */
  *#say(
    kind: "text.delta" | "refusal.delta" | "reasoning.delta",
    { delta }: Speech,
    id: string,
  ): Generator<AgentOutput> {
    if (delta === "") return;
    if (this.#part?.kind === kind && this.#part.id !== id) yield { type: "message.end" };
    this.#part = { kind, id };
    yield { type: kind, delta };
  }

  *#begin(item: ResponseItem): Generator<AgentOutput> {
    const key = item.id ?? item.call_id;
    if (key === undefined || item.name === undefined || !isWritten(item)) return;
    this.#part = undefined;
    yield this.#calls.begin(key, {
      callId: item.call_id ?? item.id,
      name: item.name,
      bareText: item.type === "custom_tool_call",
      ...(item.type === "mcp_call" ? { origin: mcpOrigin(item) } : {}),
    });
  }

  *#complete(item: ResponseItem): Generator<AgentOutput> {
    const key = item.id ?? item.call_id;
    if (!isWritten(item) || key === undefined) {
      if (item.type !== "message" && item.type !== "reasoning") this.#part = undefined;
      yield* providerItem(item);
      return;
    }
    if (!this.#calls.has(key)) yield* this.#begin(item);
    yield* this.#calls.complete(key, item.arguments ?? item.input);
    if (item.type !== "mcp_call") return;
    const isError = item.error !== undefined && item.error !== null;
    const output = isError ? item.error : (item.output ?? "");
    yield {
      type: "tool.result",
      callId: key,
      name: item.name ?? "",
      output,
      ...(isError && { isError }),
      ...mcpOrigin(item),
    };
  }

  *#finish({ usage }: ResponseState): Generator<AgentOutput> {
    this.#isFinished = true;
    for (const content of this.#audio.take()) yield { type: "content", content };
    const spent = usage ? toUsage(usage) : undefined;
    if (spent !== undefined) yield { type: "usage", usage: spent };
  }
}

/** The calls whose arguments the model writes. */
function isWritten({ type }: ResponseItem): boolean {
  return type === "function_call" || type === "mcp_call" || type === "custom_tool_call";
}

function mcpOrigin({ server_label: serverLabel }: ResponseItem): { kind: "mcp"; serverLabel?: string } {
  return { kind: "mcp", ...(serverLabel === undefined ? {} : { serverLabel }) };
}

function incompleteReason({ incomplete_details: details }: ResponseState): string {
  const reason = details?.reason ?? "interrupted";
  return reason === "max_output_tokens" ? "max_tokens" : reason;
}
