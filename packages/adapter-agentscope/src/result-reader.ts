import type { AgentOutput, ToolOrigin } from "@agentscope-runtime/core";
import type { ToolContent } from "@agentscope-runtime/tools";
import type { AgentScopeEvent } from "./agentscope-event.ts";
import type { AgentScopeToolState } from "./agentscope-message.ts";
import { toPiece } from "./tool-output.ts";

type ResultEvent = Extract<
  AgentScopeEvent,
  { type: "TOOL_RESULT_TEXT_DELTA" | "TOOL_RESULT_BINARY_DELTA" | "TOOL_RESULT_END" }
>;

/**
 * What there is so far is told as a whole, since each replaces the one before: again when it has grown by a quarter, so that all
 * of them together cost no more than about five times the last.
 */
const growthShare = 4;
const leastGrowth = 64;

/** One result, which the framework ends after each of its pieces. */
export class ResultReader {
  readonly #callId: string;
  readonly #name: string | undefined;
  readonly #origin: ToolOrigin;
  readonly #pieces: ToolContent[] = [];
  #state: AgentScopeToolState = "running";
  #ends = 0;
  #size = 0;
  #told = 0;

  constructor(callId: string, name: string | undefined, origin: ToolOrigin) {
    this.#callId = callId;
    this.#name = name;
    this.#origin = origin;
  }

  /** It was told complete at least once. */
  get hasEnded(): boolean {
    return this.#ends > 0;
  }

  /** Whether an event is about this result; anything else ends it. */
  takes(event: AgentScopeEvent): boolean {
    return "toolCallId" in event && event.toolCallId === this.#callId && event.type.startsWith("TOOL_RESULT_");
  }

  /** A piece; before one that comes after an end, what there was so far. */
  *read(event: ResultEvent): Generator<AgentOutput> {
    if (event.type === "TOOL_RESULT_END") {
      this.#state = event.state;
      this.#ends += 1;
      return;
    }
    if (this.#ends > 0 && this.#size - this.#told >= Math.max(leastGrowth, this.#told / growthShare)) {
      this.#told = this.#size;
      yield { ...this.end(), preliminary: true };
    }
    this.#add(event);
  }

  /** All of it. */
  end(): Extract<AgentOutput, { type: "tool.result" }> {
    const isError = this.#state === "error" || this.#state === "interrupted";
    return {
      type: "tool.result",
      callId: this.#callId,
      ...(this.#name === undefined ? {} : { name: this.#name }),
      output: this.#output(isError),
      ...(isError ? { isError } : {}),
      ...this.#origin,
    };
  }

  #add(event: Exclude<ResultEvent, { type: "TOOL_RESULT_END" }>): void {
    const last = this.#pieces.at(-1);
    if (event.type === "TOOL_RESULT_TEXT_DELTA") {
      this.#size += event.delta.length;
      if (last?.type === "text")
        this.#pieces[this.#pieces.length - 1] = { type: "text", text: last.text + event.delta };
      else this.#pieces.push({ type: "text", text: event.delta });
      return;
    }
    const { mediaType, data, url } = event;
    const source =
      data === undefined
        ? ({ type: "url", url: url ?? "", mediaType } as const)
        : ({ type: "base64", data, mediaType } as const);
    this.#size += (data ?? url ?? "").length;
    this.#pieces.push(toPiece({ type: "data", id: "", source }));
  }

  /** A text, or a `ToolResult` where there is more than text. */
  #output(isError: boolean): unknown {
    if (this.#pieces.every((piece) => piece.type === "text")) return this.#pieces.map(({ text }) => text).join("\n");
    return { content: [...this.#pieces], isError };
  }
}
