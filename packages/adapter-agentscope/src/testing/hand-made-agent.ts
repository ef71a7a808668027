import type {
  AgentScopeBlock,
  AgentScopeMessage,
  AgentScopeToolCallBlock,
  AgentScopeToolResultBlock,
} from "../agentscope-message.ts";
import type { AgentScopeToolResponse } from "../agentscope-tool.ts";
import type { ChatResponse, HandMadeModel } from "./hand-made-model.ts";
import { HandMadeToolkit } from "./hand-made-toolkit.ts";

/** An event as the framework makes it: any field, since a test may want an odd one. */
export interface HandMadeEvent {
  readonly type: string;
  readonly id: string;
  readonly createdAt: string;
  readonly replyId: string;
  readonly [field: string]: unknown;
}

export interface HandMadeStorage {
  loadAgentState(options?: {
    agentId?: string;
  }): Promise<{ context: AgentScopeMessage[]; metadata: Record<string, unknown> }>;
  saveAgentState(options: {
    agentId?: string;
    context: AgentScopeMessage[];
    metadata: Record<string, unknown>;
  }): Promise<void>;
}

export interface HandMadeAgentOptions {
  readonly name: string;
  readonly sysPrompt: string;
  readonly model: HandMadeModel;
  readonly toolkit?: HandMadeToolkit;
  readonly storage?: HandMadeStorage;
  readonly maxIters?: number;
}

export interface HandMadeReplyOptions {
  msgs?: AgentScopeMessage | AgentScopeMessage[];
  event?: unknown;
}

/** What the framework takes for an answer to what it has asked; it checks neither ids nor names. */
interface Answer {
  readonly type: string;
  readonly confirmResults?: readonly { confirmed: boolean; toolCall: AgentScopeToolCallBlock }[];
  readonly executionResults?: readonly AgentScopeToolResultBlock[];
}

type Events<Result> = AsyncGenerator<HandMadeEvent, Result>;

/**
 * An agent with the framework's behaviour, as its fact sheet tells it: the order of the events, a pause without an end, results that
 * end once per piece, blocks that end in a burst, calls without arguments that nobody tells, state that is saved at the end, no way
 * to stop it, and no care for two runs at once.
 */
export class HandMadeAgent {
  readonly name: string;
  readonly maxIters: number;
  readonly storage?: HandMadeStorage;
  model: HandMadeModel;
  toolkit: HandMadeToolkit;
  context: AgentScopeMessage[] = [];
  replyId = "";
  curIter = 0;
  curSummary = "";
  confirmedToolCallIds: string[] = [];
  readonly #sysPrompt: string;
  #loaded = false;

  constructor({ name, sysPrompt, model, toolkit, storage, maxIters = 20 }: HandMadeAgentOptions) {
    this.name = name;
    this.#sysPrompt = sysPrompt;
    this.model = model;
    this.toolkit = toolkit ?? new HandMadeToolkit();
    if (storage !== undefined) this.storage = storage;
    this.maxIters = maxIters;
  }

  async loadState(): Promise<void> {
    if (this.#loaded || this.storage === undefined) return;
    this.#loaded = true;
    const { context, metadata } = await this.storage.loadAgentState({ agentId: this.name });
    this.context = context;
    this.replyId = (metadata["replyId"] ?? "") as string;
    this.curIter = (metadata["curIter"] ?? 0) as number;
    this.curSummary = (metadata["curSummary"] ?? "") as string;
  }

  async saveState(): Promise<void> {
    const { name, context, replyId, curIter, curSummary } = this;
    await this.storage?.saveAgentState({ agentId: name, context, metadata: { replyId, curIter, curSummary } });
  }

  async *replyStream(options: HandMadeReplyOptions = {}): Events<AgentScopeMessage> {
    try {
      return yield* this.#reply(options);
    } finally {
      await this.saveState();
    }
  }

  async *#reply({ msgs = [], event }: HandMadeReplyOptions): Events<AgentScopeMessage> {
    await this.loadState();
    const expected = this.#expected();
    if (expected === undefined) {
      this.curIter = 0;
      this.replyId = crypto.randomUUID();
      this.confirmedToolCallIds = [];
      yield this.#event("RUN_STARTED", { sessionId: "", name: this.name, role: "assistant" });
    } else {
      yield* this.#answer(expected, event as Answer | undefined);
    }
    this.context.push(...(Array.isArray(msgs) ? msgs : [msgs]));
    while (this.curIter < this.maxIters) {
      if (this.#pending().length === 0) this.#keep(yield* this.#think("auto"));
      let ran = 0;
      for (const call of this.#pending()) {
        if (this.#waits(call) !== undefined) break;
        this.#put([yield* this.#act(call)]);
        ran += 1;
      }
      const [first, ...rest] = this.#pending();
      const waits = first && this.#waits(first);
      if (first !== undefined && waits !== undefined) {
        const end = rest.findIndex((call) => this.#waits(call) !== waits);
        const toolCalls = [first, ...(end === -1 ? rest : rest.slice(0, end))];
        if (waits === "confirm") for (const call of toolCalls) call.awaitUserConfirmation = true;
        yield this.#event(waits === "confirm" ? "REQUIRE_USER_CONFIRM" : "REQUIRE_EXTERNAL_EXECUTION", { toolCalls });
        return this.#message([{ type: "text", id: "w", text: "Waiting for ..." }], crypto.randomUUID());
      }
      if (ran === 0) break;
      this.curIter += 1;
    }
    if (this.context.at(-1)?.content.at(-1)?.type !== "text") this.#keep(yield* this.#think("none"));
    yield this.#event("RUN_FINISHED", { sessionId: "" });
    const last = this.context.at(-1)?.content.at(-1);
    return this.#message(last === undefined ? [] : [last], this.replyId);
  }

  *#answer(expected: string, event: Answer | undefined): Generator<HandMadeEvent> {
    if (event?.type !== expected) {
      const got = event?.type ?? "none";
      throw new Error(`Agent is awaiting for '${expected}' confirmation, but received event of type '${got}'.`);
    }
    for (const { confirmed, toolCall } of event.confirmResults ?? []) {
      if (confirmed) {
        this.confirmedToolCallIds.push(toolCall.id);
        continue;
      }
      const output = `<system-info>The user rejected the call of ${toolCall.name}.</system-info>`;
      yield this.#event("TOOL_RESULT_START", { toolCallId: toolCall.id });
      yield this.#event("TOOL_RESULT_TEXT_DELTA", { toolCallId: toolCall.id, delta: output });
      yield this.#event("TOOL_RESULT_END", { toolCallId: toolCall.id, state: "interrupted" });
      this.#put([{ type: "tool_result", id: toolCall.id, name: toolCall.name, output, state: "interrupted" }]);
    }
    this.#put([...(event.executionResults ?? [])]);
  }

  async *#think(toolChoice: string): Events<ChatResponse> {
    yield this.#event("MODEL_CALL_STARTED", { modelName: this.model.modelName });
    const system = this.#message([{ type: "text", id: "s", text: this.#sysPrompt }], "system");
    const messages = [{ ...system, role: "system" as const }, ...this.context];
    const answer = await this.model.call({ messages, tools: this.toolkit.tools, toolChoice });
    const blocks = new Map<string, string>();
    const calls = new Set<string>();
    let response: ChatResponse;
    if (Symbol.asyncIterator in answer) {
      // By hand, so that nothing closes the stream when this is left.
      let next = await answer.next();
      for (; next.done !== true; next = await answer.next()) yield* this.#pieces(next.value, blocks, calls);
      response = next.value;
    } else {
      response = answer;
      yield* this.#pieces(response, blocks, calls);
    }
    for (const kind of ["TEXT", "THINKING"]) {
      const blockId = blocks.get(kind);
      if (blockId !== undefined) yield this.#event(`${kind}_BLOCK_END`, { blockId });
    }
    for (const toolCallId of calls) yield this.#event("TOOL_CALL_END", { toolCallId });
    const { inputTokens = 0, outputTokens = 0 } = response.usage ?? {};
    yield this.#event("MODEL_CALL_ENDED", { inputTokens, outputTokens });
    return response;
  }

  *#pieces({ content }: ChatResponse, blocks: Map<string, string>, calls: Set<string>): Generator<HandMadeEvent> {
    for (const block of content) {
      if (block.type === "tool_call") {
        const toolCallId = block.id;
        if (block.input === "") continue; // Nobody tells a call whose arguments are empty.
        if (!calls.has(toolCallId)) yield this.#event("TOOL_CALL_START", { toolCallId, toolCallName: block.name });
        calls.add(toolCallId);
        yield this.#event("TOOL_CALL_DELTA", { toolCallId, delta: block.input });
      }
      if (block.type !== "text" && block.type !== "thinking") continue; // Data makes no event.
      const kind = block.type === "text" ? "TEXT" : "THINKING";
      const blockId = blocks.get(kind) ?? crypto.randomUUID();
      if (!blocks.has(kind)) yield this.#event(`${kind}_BLOCK_START`, { blockId });
      blocks.set(kind, blockId);
      yield this.#event(`${kind}_BLOCK_DELTA`, { blockId, delta: block.type === "text" ? block.text : block.thinking });
    }
  }

  async *#act(call: AgentScopeToolCallBlock): Events<AgentScopeToolResultBlock> {
    const toolCallId = call.id;
    yield this.#event("TOOL_RESULT_START", { toolCallId, toolCallName: call.name });
    const responses = this.toolkit.callToolFunction(call);
    let next = await responses.next();
    for (; next.done !== true; next = await responses.next()) yield* this.#resultPieces(toolCallId, next.value);
    const { content, state } = next.value;
    const output = content.length === 0 ? [] : content;
    return {
      type: "tool_result",
      id: toolCallId,
      name: call.name,
      output,
      state: state === "running" ? "success" : state,
    };
  }

  *#resultPieces(toolCallId: string, { content, state }: AgentScopeToolResponse): Generator<HandMadeEvent> {
    for (const block of content) {
      if (block.type === "text") yield this.#event("TOOL_RESULT_TEXT_DELTA", { toolCallId, delta: block.text });
      else {
        const { type: _, ...source } = block.source;
        yield this.#event("TOOL_RESULT_BINARY_DELTA", { toolCallId, ...source });
      }
    }
    yield this.#event("TOOL_RESULT_END", { toolCallId, state });
  }

  #keep({ content, usage }: ChatResponse): void {
    // Calls without arguments are told here for the first time.
    const whole = content.map((block) =>
      block.type === "tool_call" && block.input === "" ? { ...block, input: "{}" } : block,
    );
    this.#put(whole, usage);
  }

  #put(blocks: readonly AgentScopeBlock[], usage?: ChatResponse["usage"]): void {
    if (blocks.length === 0) return;
    let last = this.context.at(-1);
    if (last?.role !== "assistant" || last.name !== this.name) {
      last = this.#message([], crypto.randomUUID());
      this.context.push(last);
    }
    last.content.push(...blocks);
    if (usage === undefined) return;
    last.usage ??= { inputTokens: 0, outputTokens: 0 };
    last.usage.inputTokens += usage.inputTokens;
    last.usage.outputTokens += usage.outputTokens;
  }

  #pending(): AgentScopeToolCallBlock[] {
    const last = this.context.at(-1);
    if (last?.role !== "assistant") return [];
    const answered = new Set(last.content.flatMap((block) => (block.type === "tool_result" ? [block.id] : [])));
    return last.content.flatMap((block) => (block.type === "tool_call" && !answered.has(block.id) ? [block] : []));
  }

  #waits({ id, name }: AgentScopeToolCallBlock): "confirm" | "external" | undefined {
    if (this.toolkit.requireUserConfirm(name) && !this.confirmedToolCallIds.includes(id)) return "confirm";
    return this.toolkit.requireExternalExecution(name) ? "external" : undefined;
  }

  #expected(): string | undefined {
    const [first] = this.#pending();
    if (first === undefined) return undefined;
    const waits = this.#waits(first);
    if (waits === "confirm") return "USER_CONFIRM_RESULT";
    return waits === "external" ? "EXTERNAL_EXECUTION_RESULT" : undefined;
  }

  #message(content: AgentScopeBlock[], id: string): AgentScopeMessage {
    return { id, name: this.name, role: "assistant", content, metadata: {}, timestamp: new Date().toISOString() };
  }

  #event(type: string, fields: Record<string, unknown>): HandMadeEvent {
    const event = {
      id: crypto.randomUUID(),
      createdAt: new Date().toISOString(),
      replyId: this.replyId,
      type,
      ...fields,
    };
    return structuredClone(event); // Plain JSON, and no way to the agent's own blocks.
  }
}
