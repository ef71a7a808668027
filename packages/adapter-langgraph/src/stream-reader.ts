import type { AgentOutput, ToolOrigin } from "@agentscope-runtime/core";
import { isObject } from "@agentscope-runtime/core/adapter";
import { parseToolResult } from "@agentscope-runtime/tools";
import { customDataType } from "./custom-data-type.ts";
import { Floor } from "./floor.ts";
import type { GraphEvent } from "./graph-event.ts";
import { actionsOf, interruptsIn } from "./interrupt.ts";
import type { GraphInterrupt } from "./interrupt.ts";
import { asJson } from "./json.ts";
import { bareTextOf, MessageReader, usageOf } from "./message-reader.ts";
import type { AiMessageLike } from "./message-reader.ts";
import { fromToolContent } from "./tool-content.ts";

/** Where something in a graph's stream comes from. */
export interface GraphOrigin {
  /** The node that says it. */
  readonly node: string | undefined;
  /** The path of subgraphs; empty for the graph itself. */
  readonly namespace: readonly string[];
  /** Of the model that says it. */
  readonly tags: readonly string[];
}

export interface StreamReaderOptions {
  readonly clientTools?: readonly string[];
  readonly messagesFrom?: "messages" | "updates" | "values";
  readonly isTold?: (origin: GraphOrigin) => boolean;
  readonly custom?: (value: unknown, origin: GraphOrigin) => AgentOutput | undefined;
}

/** A message that is being said. */
interface Speaker extends GraphOrigin {
  readonly reader: MessageReader;
  readonly step: number;
}

/** A message of LangChain's, by the fields that are read. */
interface MessageLike extends AiMessageLike {
  readonly type: string;
  readonly id?: string | undefined;
  readonly tool_call_id?: string | undefined;
  readonly name?: string | undefined;
  readonly status?: string | undefined;
  readonly artifact?: unknown;
}

/** Reads one stream of a graph, event by event. It remembers who speaks, and what has been said already. */
export class StreamReader {
  readonly #options: StreamReaderOptions;
  readonly #messagesFrom: "messages" | "updates" | "values";
  readonly #origin: (name: string) => ToolOrigin;
  readonly #floor = new Floor();
  /** Messages that are being said, by id. */
  readonly #speakers = new Map<string, Speaker>();
  /** Ids of messages that have been said, or that were there before. */
  readonly #told = new Set<string>();
  readonly #interrupts = new Map<string, GraphInterrupt>();
  #hasBaseline = false;
  #hasPaused = false;
  /** Why the last message of an agent ended, when it was cut off. */
  #incomplete: string | undefined;
  #names = 0;

  constructor(options: StreamReaderOptions) {
    this.#options = options;
    this.#messagesFrom = options.messagesFrom ?? "messages";
    const clientTools = new Set(options.clientTools);
    this.#origin = (name) => (clientTools.has(name) ? { kind: "function" } : {});
  }

  /** Whether the graph has paused, be it at a breakpoint that asks nothing. */
  get hasPaused(): boolean {
    return this.#hasPaused;
  }

  /** Whether a pause asks something. */
  get hasAsked(): boolean {
    return this.#interrupts.size > 0;
  }

  /** What the agent says with this event; nothing for events of other modes. */
  read(event: GraphEvent): Iterable<AgentOutput> {
    return this.#goOn(event) ?? this.#read(event);
  }

  /** Most events go on with the text of the only one who speaks, and generators within generators for each would be too much. */
  #goOn({ mode, payload }: GraphEvent): AgentOutput[] | undefined {
    if (mode !== "messages" || this.#messagesFrom !== "messages" || !Array.isArray(payload)) return undefined;
    const [message, details] = payload as readonly unknown[];
    if (!isMessage(message) || message.type !== "ai" || message.id === undefined || !isChunk(message)) return undefined;
    const speaker = this.#speakers.get(message.id);
    if (speaker?.reader.hasSpoken !== true || this.#speakers.size > 1 || !this.#floor.isHeldBy(message.id))
      return undefined;
    if (!isObject(details) || details["langgraph_step"] !== speaker.step) return undefined;
    const delta = bareTextOf(message);
    return delta === undefined ? undefined : [{ type: "text.delta", delta }];
  }

  *#read(event: GraphEvent): Generator<AgentOutput> {
    switch (event.mode) {
      case "messages":
        if (this.#messagesFrom === "messages") yield* this.#messageEvent(event);
        break;
      case "updates":
        yield* this.#updates(event);
        break;
      case "values":
        yield* this.#values(event);
        break;
      case "custom":
        yield* this.#custom(event);
        break;
      case "tools":
        yield* this.#tools(event);
        break;
    }
  }

  /** What is left when the stream is over: who never said that it was done, the questions, and why the answer is cut off. */
  *end(): Generator<AgentOutput> {
    for (const id of this.#speakers.keys()) yield* this.#endSpeaker(id);
    for (const interrupt of this.#interrupts.values()) {
      for (const action of actionsOf(interrupt)) yield { type: "approval.request", ...action };
    }
    if (this.#incomplete !== undefined) yield { type: "incomplete", reason: this.#incomplete };
  }

  *#messageEvent({ payload, namespace }: GraphEvent): Generator<AgentOutput> {
    if (!Array.isArray(payload)) return;
    const [message, details] = payload as readonly unknown[];
    const metadata = isObject(details) ? details : {};
    const origin = originOf(metadata, namespace);
    const step = typeof metadata["langgraph_step"] === "number" ? metadata["langgraph_step"] : 0;
    if (!isMessage(message)) return;
    yield* this.#endEarlierSteps(origin, step);
    yield* this.#message(message, { ...origin, step });
  }

  *#message(message: MessageLike, origin: GraphOrigin & { readonly step: number }): Generator<AgentOutput> {
    if (message.type === "tool") yield* this.#toolMessage(message, origin);
    else if (message.type === "ai") yield* this.#aiMessage(message, origin);
  }

  *#aiMessage(message: MessageLike, origin: GraphOrigin & { readonly step: number }): Generator<AgentOutput> {
    const id = message.id ?? `unnamed ${(this.#names += 1)}`;
    const isWhole = !isChunk(message);
    const speaking = this.#speakers.get(id);
    // A whole message says again what its chunks have said.
    if (isWhole && (speaking !== undefined || this.#told.has(id))) {
      yield* this.#endSpeaker(id);
      return;
    }
    const usage = usageOf(message);
    if (usage !== undefined) yield { type: "usage", usage };
    if (this.#options.isTold?.(origin) === false) return;
    const speaker = speaking ?? { ...origin, reader: new MessageReader(this.#origin) };
    const outputs = [...speaker.reader.read(message)];
    const isOver = isWhole || speaker.reader.stop !== undefined;
    // The last chunk of many providers comes after the end, and has tokens only.
    if (speaking === undefined && this.#told.has(id) && outputs.length === 0) return;
    this.#speakers.set(id, speaker);
    yield* this.#floor.say(id, outputs);
    if (isOver) yield* this.#endSpeaker(id);
  }

  *#endSpeaker(id: string): Generator<AgentOutput> {
    const speaker = this.#speakers.get(id);
    if (speaker === undefined) return;
    const { reader, namespace, node } = speaker;
    this.#speakers.delete(id);
    this.#told.add(id);
    const metadata =
      namespace.length > 0 ? { metadata: { langgraph: { namespace, ...(node !== undefined && { node }) } } } : {};
    const ending: AgentOutput[] = reader.hasSpoken ? [{ type: "message.end", ...metadata }] : [];
    this.#incomplete = reader.incomplete;
    yield* this.#floor.say(id, [...ending, ...reader.finish()]);
    yield* this.#floor.end(id);
  }

  /** A step of a graph begins when all tasks of the one before are done. */
  *#endEarlierSteps({ namespace }: GraphOrigin, step: number): Generator<AgentOutput> {
    for (const [id, speaker] of this.#speakers) {
      if (speaker.step < step && isSame(speaker.namespace, namespace)) yield* this.#endSpeaker(id);
    }
  }

  *#toolMessage(message: MessageLike, origin: GraphOrigin): Generator<AgentOutput> {
    const { tool_call_id: callId, id = `answer ${callId ?? ""}`, name } = message;
    if (callId === undefined || this.#told.has(id)) return;
    this.#told.add(id);
    yield* this.#endCaller(callId);
    if (this.#options.isTold?.(origin) === false) return;
    const isError = message.status === "error";
    const output = parseToolResult(asJson(message.artifact)) ?? fromToolContent(message.content, isError);
    const result: AgentOutput = {
      type: "tool.result",
      callId,
      ...(name !== undefined && { name }),
      output,
      ...(isError && { isError }),
      ...(name !== undefined && this.#origin(name)),
    };
    yield* this.#floor.interject(`result ${callId}`, [result]);
  }

  /** Whoever made a call has said all when it is answered. */
  *#endCaller(callId: string): Generator<AgentOutput> {
    for (const [id, { reader }] of this.#speakers) if (reader.callIds.includes(callId)) yield* this.#endSpeaker(id);
  }

  *#updates({ payload, namespace }: GraphEvent): Generator<AgentOutput> {
    if (this.#pause(payload) || !isObject(payload)) return;
    for (const [node, update] of Object.entries(payload)) {
      const messages = messagesIn(update);
      const ids = new Set(messages.map(({ id }) => id));
      const own = [...this.#speakers].filter(
        ([, speaker]) => speaker.node === node && isSame(speaker.namespace, namespace),
      );
      // Tasks of one node that run side by side are told apart by their messages.
      const known = own.filter(([id]) => ids.has(id));
      for (const [id] of known.length > 0 ? known : own) yield* this.#endSpeaker(id);
      if (this.#messagesFrom !== "updates") continue;
      for (const message of messages) yield* this.#message(message, { node, namespace, tags: [], step: 0 });
    }
  }

  *#values({ payload, namespace }: GraphEvent): Generator<AgentOutput> {
    if (this.#pause(payload) || this.#messagesFrom !== "values" || namespace.length > 0) return;
    const messages = messagesIn(payload);
    if (this.#hasBaseline) {
      for (const message of messages) yield* this.#message(message, { node: undefined, namespace, tags: [], step: 0 });
      return;
    }
    // The first ones are what there was before.
    this.#hasBaseline = true;
    for (const message of messages) this.#told.add(message.id ?? `answer ${message.tool_call_id ?? ""}`);
  }

  #pause(payload: unknown): boolean {
    const interrupts = interruptsIn(payload);
    if (interrupts === undefined) return false;
    this.#hasPaused = true;
    for (const interrupt of interrupts) this.#interrupts.set(interrupt.id ?? "", interrupt);
    return true;
  }

  *#custom({ payload, namespace }: GraphEvent): Generator<AgentOutput> {
    const origin: GraphOrigin = { node: undefined, namespace, tags: [] };
    const { custom = customData } = this.#options;
    const output = custom(payload, origin);
    if (output !== undefined) yield output;
  }

  *#tools({ payload }: GraphEvent): Generator<AgentOutput> {
    if (!isObject(payload) || payload["event"] !== "on_tool_event") return;
    const { toolCallId: callId, name, data } = payload;
    if (typeof callId !== "string") return;
    yield* this.#endCaller(callId);
    const update: AgentOutput = {
      type: "tool.result",
      callId,
      ...(typeof name === "string" && { name, ...this.#origin(name) }),
      output: asJson(data) ?? null,
      preliminary: true,
    };
    yield* this.#floor.interject(`result ${callId}`, [update]);
  }
}

function customData(value: unknown): AgentOutput | undefined {
  const json = asJson(value);
  return json === undefined
    ? undefined
    : { type: "content", content: { type: "data", data: { type: customDataType, value: json } } };
}

function originOf(metadata: Readonly<Record<string, unknown>>, namespace: readonly string[]): GraphOrigin {
  const { langgraph_node: node, tags, langgraph_checkpoint_ns: path } = metadata;
  // Without `subgraphs` the stream does not say where a message comes from, its metadata does.
  const labels = typeof path === "string" ? path.split("|").slice(0, -1) : namespace;
  return {
    node: typeof node === "string" ? node : undefined,
    namespace: namespace.length > 0 ? namespace : labels,
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [],
  };
}

/** The messages of an update or a state: those that are values of it, or in lists that are. */
function messagesIn(value: unknown): readonly MessageLike[] {
  if (isMessage(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(messagesIn);
  if (!isObject(value)) return [];
  return Object.values(value).flatMap((field) =>
    Array.isArray(field) ? field.filter(isMessage) : isMessage(field) ? [field] : [],
  );
}

function isMessage(value: unknown): value is MessageLike {
  return isObject(value) && typeof value["type"] === "string" && "content" in value && "response_metadata" in value;
}

function isChunk(message: MessageLike): boolean {
  return "concat" in message;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((label, index) => label === b[index]);
}
