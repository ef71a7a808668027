import { isTerminalStatus, unreachable } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse, Content, Message } from "@agentscope-runtime/protocol";
import { allowsCall } from "./allows-call.ts";
import { itemId } from "./item-id.ts";
import {
  answeredToolItem,
  functionCallItem,
  functionCallOutputItem,
  messageItem,
  reasoningItem,
  summaryPart,
  tellingOf,
  textOf,
  toolItem,
  wholeItem,
} from "./output-item.ts";
import type { OutputItem, Telling, ToolItem } from "./output-item.ts";
import { dataOf, textField } from "./message-data.ts";
import { outputText, toOutputPart } from "./output-part.ts";
import { endEventType, toResource } from "./response-resource.ts";
import type { ResponseFacts } from "./response-resource.ts";

/** One event of a response's stream. */
export interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [field: string]: unknown;
}

/** A message of the wire that may still grow. */
interface OpenMessage {
  readonly telling: Telling;
  readonly type: Message["type"];
  /** Its item's place, once that was added; for the answer of a tool, that of the tool's item. */
  index: number | undefined;
  /** The part that has been added and not ended. */
  part: number | undefined;
}

/** What is known of an item. */
interface ToldItem {
  item: OutputItem;
  done: boolean;
}

/**
 * Tells a run as a response: the same events always give the same story, with the same numbers and ids, so that any of it
 * can be told again.
 *
 * Items stand in the order in which the agent began them. A tool's call and its answer are one item, which may end after
 * later ones.
 */
export class ResponseStory {
  readonly #facts: ResponseFacts;
  readonly #items: ToldItem[] = [];
  readonly #open = new Map<string, OpenMessage>();
  /** By call id: the place of the tool's item that waits for its answer. */
  readonly #waiting = new Map<string, number>();
  readonly #asked = new Set<string>();
  #events: ResponseEvent[] = [];
  #sequence = 0;

  constructor(facts: ResponseFacts) {
    this.#facts = facts;
  }

  /** The items that have ended. */
  get items(): readonly OutputItem[] {
    return this.#items.filter(({ done }) => done).map(({ item }) => item);
  }

  /** All of a run that has ended, as if its events had come one by one: returns the response. */
  tellAll(end: AgentResponse): object {
    for (const message of end.output ?? []) {
      this.tell({ ...message, status: "in_progress", content: null });
      for (const part of message.content ?? []) this.tell({ ...part, msg_id: message.id });
      this.tell(message);
    }
    this.#closeTools();
    return toResource(this.#facts, end, this.items);
  }

  /** The events that one event of the wire becomes; often one, sometimes none. */
  tell(event: AgentEvent): readonly ResponseEvent[] {
    if (event.object === "response") this.#tellResponse(event);
    else if (event.object === "content") this.#tellPart(event);
    else if (event.status === "completed" || event.status === "incomplete") this.#endMessage(event, event.status);
    else this.#beginMessage(event);
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #tellResponse(response: AgentResponse): void {
    if (isTerminalStatus(response.status)) this.#closeTools();
    const type = isTerminalStatus(response.status) ? endEventType(response.status) : progressType(response);
    this.#emit(type, { response: toResource(this.#facts, response, this.items) });
  }

  #beginMessage({ id, type, role }: Message): void {
    const telling = tellingOf(type);
    const open: OpenMessage = { telling, type, index: undefined, part: undefined };
    this.#open.set(id, open);
    // The others are added when it is known what they are called.
    const said = { role, content: null } as Message; // All that an item of these two is made of.
    if (telling === "message") open.index = this.#add("message", (itsId) => messageItem(itsId, said, "in_progress"));
    if (telling === "reasoning")
      open.index = this.#add("reasoning", (itsId) => reasoningItem(itsId, said, "in_progress"));
  }

  #tellPart(part: Content): void {
    const open = part.msg_id === null ? undefined : this.#open.get(part.msg_id);
    if (open === undefined) return;
    if (open.telling === "message") this.#tellSpeech(open, part);
    else if (open.telling === "reasoning") this.#tellReasoning(open, part);
    else this.#introduce(open, part);
  }

  #tellSpeech(open: OpenMessage, content: Content): void {
    const at = { ...this.#place(open), content_index: content.index ?? 0 };
    const isText = content.type === "text";
    const text = isText || content.type === "refusal" ? textOf(content) : undefined;
    const name = isText ? "output_text" : "refusal";
    const logprobs = isText ? { logprobs: [] } : {};
    if (content.delta === true) {
      if (text === undefined) return; // Comes again as a whole.
      if (open.part === undefined) this.#emit("response.content_part.added", { ...at, part: emptyPart(isText) });
      open.part = at.content_index;
      this.#emit(`response.${name}.delta`, { ...at, delta: text, ...logprobs });
      return;
    }
    const part = toOutputPart(content);
    if (open.part === undefined) {
      const begun = text === undefined ? part : emptyPart(isText);
      this.#emit("response.content_part.added", { ...at, part: begun });
      if (text !== undefined && text !== "") this.#emit(`response.${name}.delta`, { ...at, delta: text, ...logprobs });
    }
    open.part = undefined;
    if (isText) this.#emit("response.output_text.done", { ...at, text, logprobs: [] });
    else if (text !== undefined) this.#emit("response.refusal.done", { ...at, refusal: text });
    this.#emit("response.content_part.done", { ...at, part });
  }

  #tellReasoning(open: OpenMessage, content: Content): void {
    const at = { ...this.#place(open), summary_index: content.index ?? 0 };
    const text = textOf(content);
    if (open.part === undefined) this.#emit("response.reasoning_summary_part.added", { ...at, part: summaryPart("") });
    if (content.delta === true) {
      open.part = at.summary_index;
      this.#emit("response.reasoning_summary_text.delta", { ...at, delta: text });
      return;
    }
    if (open.part === undefined && text !== "")
      this.#emit("response.reasoning_summary_text.delta", { ...at, delta: text });
    open.part = undefined;
    this.#emit("response.reasoning_summary_text.done", { ...at, text });
    this.#emit("response.reasoning_summary_part.done", { ...at, part: summaryPart(text) });
  }

  /** Whether the request rules the call out, which agents need not know: it is not told then. */
  #isForbidden(message: Pick<Message, "content">): boolean {
    return !allowsCall(this.#facts.asked.tool_choice, textField(dataOf(message), "name"));
  }

  /** Adds the item of a call as soon as its name is known, and finds the tool that an answer belongs to. */
  #introduce(open: OpenMessage, part: Content): void {
    if (open.index !== undefined || part.type !== "data") return;
    const message = { content: [part] };
    if (open.telling === "function_call") {
      if (this.#isForbidden(message)) return;
      open.index = this.#add("function_call", (id) => ({
        ...functionCallItem(id, message, "in_progress"),
        arguments: "",
      }));
    } else if (open.telling === "mcp_call") this.#addTool(open, message);
    else if (open.telling === "tool_answer") this.#findTool(open, message);
  }

  #addTool(open: OpenMessage, message: Pick<Message, "content">): void {
    const index = this.#add("mcp_call", (id) => ({ ...toolItem(id, message, this.#facts.agent), arguments: "" }));
    open.index = index;
    this.#waiting.set(textField(dataOf(message), "call_id"), index);
    this.#emit("response.mcp_call.in_progress", this.#place(open));
  }

  /** An answer to a call that nobody has told, or that has one already, is an item of its own. */
  #findTool(open: OpenMessage, message: Pick<Message, "content">): void {
    const callId = textField(dataOf(message), "call_id");
    if (!this.#waiting.has(callId)) this.#addTool(open, { content: message.content });
    open.index = this.#waiting.get(callId);
    this.#waiting.delete(callId);
  }

  #endMessage(message: Message, status: "completed" | "incomplete"): void {
    const open = this.#open.get(message.id);
    if (open === undefined) return;
    this.#open.delete(message.id);
    switch (open.telling) {
      case "message":
        return this.#end(open, (id) => messageItem(id, message, status));
      case "reasoning":
        return this.#end(open, (id) => reasoningItem(id, message, status));
      case "function_call":
        return this.#endFunctionCall(open, message, status);
      case "function_call_output":
        return this.#whole("function_call_output", (id) => functionCallOutputItem(id, message, status));
      case "mcp_call":
        return this.#endTool(open, message);
      case "tool_answer":
        return this.#endAnswer(open, message, status);
      case "mcp_approval_request":
      case "mcp_approval_response":
      case "mcp_list_tools":
        return this.#endWhole(open.telling, message);
      case "nothing":
        return undefined;
      default:
        return unreachable(open.telling);
    }
  }

  #endFunctionCall(open: OpenMessage, message: Message, status: "completed" | "incomplete"): void {
    if (this.#isForbidden(message)) return;
    if (open.index === undefined) {
      open.index = this.#add("function_call", (id) => ({
        ...functionCallItem(id, message, "in_progress"),
        arguments: "",
      }));
    }
    this.#tellArguments(open, message, "function_call");
    this.#end(open, (id) => functionCallItem(id, message, status));
  }

  #endTool(open: OpenMessage, message: Message): void {
    if (open.index === undefined) this.#addTool(open, message);
    this.#tellArguments(open, message, "mcp_call");
    this.#replace(open, (id) => toolItem(id, message, this.#facts.agent));
  }

  /** In one piece: what an agent says of arguments while they grow may differ from what they are in the end. */
  #tellArguments(open: OpenMessage, message: Message, name: "function_call" | "mcp_call"): void {
    const text = textField(dataOf(message), "arguments");
    if (text !== "") this.#emit(`response.${name}_arguments.delta`, { ...this.#place(open), delta: text });
    this.#emit(`response.${name}_arguments.done`, { ...this.#place(open), arguments: text });
  }

  #endAnswer(open: OpenMessage, message: Message, status: "completed" | "incomplete"): void {
    if (open.index === undefined) this.#findTool(open, message);
    const item = this.#items[open.index ?? 0]?.item as ToolItem; // `#findTool` finds nothing else.
    const answered = answeredToolItem(item, message, status);
    const how = answered.status === "failed" ? "failed" : "completed";
    if (answered.status !== "incomplete") this.#emit(`response.mcp_call.${how}`, this.#place(open));
    this.#end(open, () => answered);
  }

  #endWhole(type: "mcp_approval_request" | "mcp_approval_response" | "mcp_list_tools", message: Message): void {
    const asked = textField(dataOf(message), "id");
    // The same question again is the same question.
    if (type === "mcp_approval_request" && this.#asked.has(asked)) return;
    if (type === "mcp_approval_request") this.#asked.add(asked);
    this.#whole(type, (id) => wholeItem(type, id, message));
  }

  /** Tools that were never answered. */
  #closeTools(): void {
    for (const [index, { item, done }] of this.#items.entries()) {
      if (done || item.type !== "mcp_call") continue;
      this.#endAt(index, { ...item, status: "incomplete" });
    }
    this.#waiting.clear();
  }

  #whole(type: OutputItem["type"], make: (id: string) => OutputItem): void {
    const index = this.#add(type, make);
    this.#endAt(index, make(this.#idAt(index)));
  }

  #add(type: OutputItem["type"], make: (id: string) => OutputItem): number {
    const index = this.#items.length;
    const item = make(itemId(type, { runId: this.#facts.runId, side: "output", index }));
    this.#items.push({ item, done: false });
    this.#emit("response.output_item.added", { output_index: index, item });
    return index;
  }

  #replace({ index = 0 }: OpenMessage, make: (id: string) => OutputItem): void {
    const told = this.#items[index];
    if (told !== undefined) told.item = make(told.item.id);
  }

  #end(open: OpenMessage, make: (id: string) => OutputItem): void {
    const { index = 0 } = open;
    this.#endAt(index, make(this.#idAt(index)));
  }

  #endAt(index: number, item: OutputItem): void {
    this.#items[index] = { item, done: true };
    this.#emit("response.output_item.done", { output_index: index, item });
  }

  #idAt(index: number): string {
    return this.#items[index]?.item.id ?? "";
  }

  #place({ index = 0 }: OpenMessage): { readonly item_id: string; readonly output_index: number } {
    return { item_id: this.#idAt(index), output_index: index };
  }

  #emit(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#events.push({ type, sequence_number: this.#sequence, ...fields });
    this.#sequence += 1;
  }
}

function progressType({ status }: AgentResponse): string {
  if (status === "created") return "response.created";
  return status === "queued" ? "response.queued" : "response.in_progress";
}

function emptyPart(isText: boolean): object {
  return isText ? outputText("") : { type: "refusal", refusal: "" };
}
