import type { AgentOutput, ToolOrigin } from "@agentscope-runtime/core";
import { isObject } from "@agentscope-runtime/core/adapter";
import type { BareContent } from "@agentscope-runtime/core/adapter";
import { askedOf } from "./asked-approval.ts";
import { asText } from "./as-text.ts";
import { argumentsOf, bareOf, hostedToolCall, thoughts, toolNameOf } from "./from-item.ts";
import { readProviderEvent } from "./provider-event.ts";
import type { ProviderNews } from "./provider-event.ts";
import type { AgentsApproval, AgentsRunItem, ModelEvent, RawItem, RunEvent } from "./run-event.ts";
import { SaidText } from "./said-text.ts";
import { sourcesOf } from "./sources-of.ts";
import { outputOf } from "./tool-answer.ts";
import { nothingSpent, plus, toUsage } from "./to-usage.ts";
import type { Spent } from "./to-usage.ts";

type Speech = "text" | "reasoning" | "refusal";

/** Reads the events of one run. It remembers what was told, since the SDK tells it again when a response is whole. */
export class EventReader {
  #said = { text: new SaidText(), reasoning: new SaidText(), refusal: new SaidText() };
  /** The calls whose arguments are streamed, by what their pieces are told under. */
  #calls = new Map<string, { callId: string; name: string; origin: ToolOrigin }>();
  /** The block that is being said. */
  #block: { readonly kind: Speech; readonly id: string } | undefined;
  /** Who speaks since a handoff. */
  #agent: string | undefined;
  #refusal: string | undefined;
  #stop: string | undefined;
  #responses = 0;
  /** What was told to be spent. */
  #spent: Spent = nothingSpent;

  get spent(): Spent {
    return this.#spent;
  }

  /** Why the last answer of the model was not all of it. */
  get stop(): string | undefined {
    return this.#stop;
  }

  read(event: RunEvent): Iterable<AgentOutput> {
    return this.#goOn(event) ?? this.#read(event);
  }

  /** Most events go on with the text that is being said, and generators within generators for each would be too much. */
  #goOn(event: RunEvent): AgentOutput[] | undefined {
    if (event.type !== "raw_model_stream_event" || event.data.type !== "output_text_delta") return undefined;
    const { delta, itemId = "" } = event.data;
    if (delta === "" || this.#block?.kind !== "text" || this.#block.id !== `${this.#responses}:${itemId}`)
      return undefined;
    this.#said.text.add(delta);
    return [{ type: "text.delta", delta }];
  }

  *#read(event: RunEvent): Generator<AgentOutput> {
    switch (event.type) {
      case "raw_model_stream_event":
        yield* this.#model(event.data);
        break;
      case "run_item_stream_event":
        yield* this.#item(event.name, event.item);
        break;
    }
  }

  /** The questions at the end of a run that waits for people. */
  *ask(approvals: readonly AgentsApproval[]): Generator<AgentOutput> {
    const asked = new Set<string>();
    for (const approval of approvals) {
      const { id, name, arguments: text, serverLabel } = askedOf(approval);
      if (asked.has(id)) continue;
      asked.add(id);
      const label = serverLabel === undefined ? {} : { serverLabel };
      yield* this.#act({ type: "approval.request", id, name, arguments: text, ...label });
    }
  }

  /** The SDK has ended the run since the model declined. */
  *refuse(refusal: string): Generator<AgentOutput> {
    if (this.#refusal !== refusal) yield* this.#whole("refusal", this.#said.refusal.rest(refusal));
  }

  *#model(event: ModelEvent): Generator<AgentOutput> {
    switch (event.type) {
      case "response_started":
        this.#begin();
        break;
      case "output_text_delta":
        yield* this.#piece("text", event.itemId ?? "", event.delta);
        break;
      case "response_done":
        this.#spent = plus(this.#spent, event.response.usage);
        yield { type: "usage", usage: toUsage(event.response.usage) };
        break;
      case "model":
        for (const news of readProviderEvent(event.event)) yield* this.#news(news);
        break;
    }
  }

  /** A new answer of the model: what came before it is told. */
  #begin(): void {
    this.#said = { text: new SaidText(), reasoning: new SaidText(), refusal: new SaidText() };
    this.#calls.clear();
    this.#stop = undefined;
    this.#responses += 1;
  }

  *#news(news: ProviderNews): Generator<AgentOutput> {
    switch (news.type) {
      case "reasoning":
      case "refusal":
        yield* this.#piece(news.type, news.id, news.delta);
        break;
      case "call": {
        const { key, callId, name, serverLabel } = news;
        if (this.#calls.has(key)) break;
        const origin: ToolOrigin = serverLabel === undefined ? {} : { kind: "mcp", serverLabel };
        this.#calls.set(key, { callId, name, origin });
        yield* this.#act({ type: "tool.call.delta", callId, name, delta: "", ...origin });
        break;
      }
      case "arguments": {
        const call = this.#calls.get(news.key);
        if (call === undefined) break;
        const { callId, name, origin } = call;
        yield { type: "tool.call.delta", callId, name, delta: news.delta, ...origin };
        break;
      }
      case "stop":
        this.#stop = news.reason;
        if (news.usage !== undefined) {
          this.#spent = plus(this.#spent, news.usage);
          yield { type: "usage", usage: toUsage(news.usage) };
        }
        break;
    }
  }

  *#piece(kind: Speech, id: string, delta: string): Generator<AgentOutput> {
    this.#said[kind].add(delta);
    yield* this.#say(kind, id, delta);
  }

  /** Two blocks of a kind are two messages; parts of one thought are paragraphs. */
  *#say(kind: Speech, id: string, delta: string): Generator<AgentOutput> {
    if (delta === "") return;
    const block = { kind, id: `${this.#responses}:${id}` };
    const last = this.#block;
    const isParagraph = kind === "reasoning" && last?.kind === kind && itemOf(last.id) === itemOf(block.id);
    if (isParagraph && last.id !== block.id) yield { type: "reasoning.delta", delta: "\n\n" };
    else if (last !== undefined && last.id !== block.id) yield* this.#endBlock();
    else if (last !== undefined && (last.kind === "reasoning") !== (kind === "reasoning")) yield* this.#endBlock();
    this.#block = block;
    yield { type: `${kind}.delta`, delta };
  }

  /** Everything that is not said ends what is being said. */
  *#act(output: AgentOutput): Generator<AgentOutput> {
    yield* this.#endBlock();
    yield output;
  }

  *#endBlock(): Generator<AgentOutput> {
    if (this.#block === undefined) return;
    this.#block = undefined;
    yield this.#agent === undefined
      ? { type: "message.end" }
      : { type: "message.end", metadata: { agent: this.#agent } };
  }

  *#item(name: string, item: AgentsRunItem): Generator<AgentOutput> {
    const { rawItem } = item;
    switch (name) {
      case "message_output_created":
        yield* this.#message(rawItem);
        break;
      case "reasoning_item_created": {
        const parts = thoughts(rawItem).map(({ text }) => asText(text));
        const rest = this.#said.reasoning.rest(parts.join(""));
        yield* this.#whole("reasoning", rest === parts.join("") ? parts.join("\n\n") : rest);
        break;
      }
      case "tool_called":
      case "tool_search_called":
      case "handoff_requested":
        yield* this.#called(rawItem);
        break;
      case "tool_output":
      case "tool_search_output_created":
        yield* this.#act(outputOf(item));
        break;
      case "handoff_occurred":
        yield* this.#act(outputOf(item));
        this.#agent = item.targetAgent?.name;
        break;
    }
  }

  /** What the model has said, as far as it was not told while it said it. */
  *#message(item: RawItem): Generator<AgentOutput> {
    const content = Array.isArray(item["content"]) ? item["content"] : [];
    for (const part of content as readonly unknown[]) {
      if (!isObject(part)) continue;
      const { type, text, refusal, providerData } = part;
      if (type === "output_text" && typeof text === "string") {
        yield* this.#whole("text", this.#said.text.rest(text));
        for (const source of sourcesOf(isObject(providerData) ? providerData : undefined)) {
          yield { type: "content", content: source };
        }
      } else if (type === "refusal" && typeof refusal === "string") {
        this.#refusal = refusal;
        yield* this.#whole("refusal", this.#said.refusal.rest(refusal));
      } else yield* this.#made(item, part);
    }
    yield* this.#endBlock();
  }

  *#whole(kind: Speech, rest: string): Generator<AgentOutput> {
    yield* this.#say(kind, this.#block?.kind === kind ? this.#block.id.replace(/^\d+:/, "") : "whole", rest);
  }

  /** An image or audio of the model's. */
  *#made(item: RawItem, part: Readonly<Record<string, unknown>>): Generator<AgentOutput> {
    const [message] = bareOf({ ...item, content: [part] });
    for (const content of message?.content ?? []) yield { type: "content", content: asContent(content) };
  }

  *#called(item: RawItem): Generator<AgentOutput> {
    switch (item.type) {
      case "hosted_tool_call":
        yield* this.#hosted(item);
        break;
      case "function_call":
        yield* this.#act({
          type: "tool.call",
          callId: asText(item["callId"]),
          name: asText(item["name"]),
          arguments: asText(item["arguments"]),
        });
        break;
      case undefined:
      default: {
        const callId = asText(item["callId"] ?? item["call_id"] ?? item["id"]);
        const name = toolNameOf(asText(item.type));
        yield* this.#act({ type: "tool.call", callId, name, arguments: argumentsOf(item) });
      }
    }
  }

  /** What the provider's own tools did. Questions come at the end, and lists of tools are of no use to a client. */
  *#hosted(item: RawItem): Generator<AgentOutput> {
    if (item["name"] === "mcp_list_tools" || item["name"] === "mcp_approval_request") return;
    const { callId, name, arguments: text, serverLabel, output } = hostedToolCall(item);
    const origin: ToolOrigin = serverLabel === undefined ? {} : { kind: "mcp", serverLabel };
    yield* this.#act({ type: "tool.call", callId, name, arguments: text, ...origin });
    const isImage = name === "image_generation_call" && output !== undefined && !output.isError;
    if (output !== undefined) {
      const failed = output.isError ? { isError: true } : {};
      yield { type: "tool.result", callId, name, output: isImage ? "completed" : output.text, ...failed, ...origin };
    }
    if (isImage && typeof item["output"] === "string") {
      yield { type: "content", content: { type: "image", image_url: imageOf(item["output"], item["providerData"]) } };
    }
  }
}

function itemOf(id: string): string {
  return id.replace(/\/\d+$/, "");
}

function imageOf(base64: string, data: unknown): string {
  const format = isObject(data) ? data["output_format"] : undefined;
  return `data:image/${typeof format === "string" ? format : "png"};base64,${base64}`;
}

function asContent(content: BareContent) {
  return content as never; // `bareOf` makes parts of messages.
}
