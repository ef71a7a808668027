import { isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { MessageInput } from "@agentscope-runtime/protocol";
import type { RunDoor } from "@agentscope-runtime/core";
import { inputItemSchema } from "./input-item.ts";
import type { InputItem } from "./input-item.ts";
import { parseItemId } from "./item-id.ts";
import type { ResponseRequest } from "./response-request.ts";
import type { KeptResponse, ResponseShelf } from "./response-shelf.ts";
import { ResponseStory } from "./response-story.ts";
import { toMessages } from "./to-messages.ts";

/** The conversation that a request goes on with. */
export interface ResponseContext {
  /** Undefined for a new one. */
  readonly sessionId: string | undefined;
  readonly userId: string | undefined;
  /** What was said before, for agents of an app that keeps neither sessions nor state; else the agent knows it. */
  readonly before: readonly MessageInput[];
  /** Whether a function was called by this id, so that it can be answered; true where nobody can tell. */
  readonly knowsCall: (callId: string) => Promise<boolean>;
}

interface Caller {
  readonly ownerId: string;
  readonly signal: AbortSignal;
}

type WholeItem = Exclude<InputItem, { type: "item_reference" }>;

/** So many responses of one conversation are told to an agent that cannot know them. */
const longestReplay = 100;

/** Finds what a request refers to: the response before it, its conversation, single items. */
export class ResponseContexts {
  readonly #runs: RunDoor;
  readonly #shelf: ResponseShelf;
  readonly #replays: boolean;

  constructor(runs: RunDoor, shelf: ResponseShelf) {
    this.#runs = runs;
    this.#shelf = shelf;
    this.#replays = runs.sessions === undefined && runs.state === undefined;
  }

  /** `not_found` when what it refers to is not there, or another owner's. */
  async of(request: ResponseRequest, caller: Caller): Promise<ResponseContext> {
    const { previous_response_id: previousId, conversation } = request;
    if (typeof previousId === "string") {
      if (conversation !== null && conversation !== undefined) throw both();
      return this.#after(previousId, caller);
    }
    const { session_id: given } = request;
    const sessionId = conversation?.id ?? (typeof given === "string" ? given : undefined);
    const before = sessionId === undefined ? [] : await this.#saidIn(sessionId, caller);
    return { sessionId, userId: undefined, before, knowsCall: () => Promise.resolve(true) };
  }

  /** Puts items in the place of references. One of the same session is left out, since the agent knows it. */
  async resolve(
    items: readonly InputItem[],
    sessionId: string | undefined,
    caller: Caller,
  ): Promise<readonly WholeItem[]> {
    const whole: WholeItem[] = [];
    for (const item of items) {
      const found = item.type === "item_reference" ? await this.#referred(item.id, sessionId, caller) : item;
      if (found !== undefined) whole.push(found);
    }
    return whole;
  }

  async #after(previousId: string, caller: Caller): Promise<ResponseContext> {
    const previous = await this.previous(previousId, caller);
    const { sessionId, userId } = previous.record;
    const knowsCall = async (callId: string): Promise<boolean> => this.#knowsCall(callId, previous, caller);
    const before = this.#replays ? await this.saidUntil(previous, caller) : [];
    return { sessionId, userId, before, knowsCall };
  }

  /** Everything that was said up to the end of a response, oldest first. `unimplemented` when that is too much. */
  async saidUntil(previous: KeptResponse, caller: Caller): Promise<readonly MessageInput[]> {
    const before: MessageInput[] = [];
    let kept: KeptResponse | undefined = previous;
    for (let depth = 0; kept !== undefined; depth += 1) {
      if (depth === longestReplay) throw tooLong();
      before.unshift(...(await this.#saidBy(kept, caller)));
      const earlier: string | null | undefined = kept.asked.previous_response_id;
      kept = typeof earlier === "string" ? await this.previous(earlier, caller) : undefined;
    }
    return before;
  }

  async #knowsCall(callId: string, previous: KeptResponse, caller: Caller): Promise<boolean> {
    let kept: KeptResponse | undefined = previous;
    for (let depth = 0; kept !== undefined && depth < longestReplay; depth += 1) {
      const { asked, isOurs, items } = kept;
      if ([...items, ...(await this.#answered(kept))].some((item) => isCall(item, callId))) return true;
      const earlier: string | null | undefined = asked.previous_response_id;
      if (typeof earlier !== "string") return !isOurs || asked.conversation !== undefined;
      kept = await this.#shelf.find({ ownerId: caller.ownerId, runId: earlier }, caller.signal);
    }
    return true;
  }

  /** `not_found`, with the protocol's own code, when there is none. */
  async previous(runId: string, { ownerId, signal }: Caller): Promise<KeptResponse> {
    const kept = await this.#shelf.find({ ownerId, runId }, signal);
    if (kept !== undefined) return kept;
    throw new RuntimeError("not_found", `Previous response with id '${runId}' not found.`, {
      details: { field: "previous_response_id", openAiCode: "previous_response_not_found" },
    });
  }

  async #saidIn(sessionId: string, caller: Caller): Promise<readonly MessageInput[]> {
    if (!this.#replays) return [];
    const { items } = await this.#runs.list(caller.ownerId, {
      sessionId,
      limit: longestReplay + 1,
      signal: caller.signal,
    });
    if (items.length > longestReplay) throw tooLong();
    const before: MessageInput[] = [];
    for (const { ownerId, runId } of items.toReversed()) {
      const kept = await this.#shelf.find({ ownerId, runId }, caller.signal);
      if (kept !== undefined) before.push(...(await this.#saidBy(kept, caller)));
    }
    return before;
  }

  /** Without decisions: each is made once. */
  async #saidBy(kept: KeptResponse, caller: Caller): Promise<readonly MessageInput[]> {
    const { record, items } = kept;
    if (!isTerminalStatus(record.status)) {
      throw new RuntimeError("conflict", `Response ${record.runId} is still in progress: wait, or cancel it.`);
    }
    const whole = await this.resolve(items, record.sessionId, caller);
    const asked = toMessages(
      whole.filter(({ type }) => type !== "mcp_approval_response"),
      record.agent,
    );
    return [...asked, ...((await this.#shelf.end(kept))?.output ?? [])];
  }

  async #referred(id: string, sessionId: string | undefined, caller: Caller): Promise<WholeItem | undefined> {
    const place = parseItemId(id);
    const kept = place && (await this.#shelf.find({ ownerId: caller.ownerId, runId: place.runId }, caller.signal));
    if (place === undefined || kept === undefined) throw unknownItem(id);
    if (kept.record.sessionId === sessionId) return undefined;
    const items: readonly unknown[] = place.side === "input" ? kept.items : await this.#answered(kept);
    const item = inputItemSchema.safeParse(items[place.index]);
    if (!item.success || item.data.type === "item_reference") throw unknownItem(id);
    return item.data;
  }

  async #answered(kept: KeptResponse): Promise<readonly unknown[]> {
    const end = await this.#shelf.end(kept);
    if (end === undefined) return [];
    const story = new ResponseStory(kept.facts);
    story.tellAll(end);
    return story.items;
  }
}

function isCall(item: unknown, callId: string): boolean {
  const { type, call_id: id } = item as { readonly type?: unknown; readonly call_id?: unknown }; // Items of ours or theirs.
  return id === callId && (type === "function_call" || type === "custom_tool_call");
}

function both(): RuntimeError {
  return new RuntimeError(
    "invalid_argument",
    "Invalid request: previous_response_id: send it or a conversation, not both.",
    { details: { field: "previous_response_id" } },
  );
}

function tooLong(): RuntimeError {
  return new RuntimeError(
    "unimplemented",
    `This app tells its agents at most ${longestReplay} earlier responses: give AgentApp services that keep sessions.`,
  );
}

function unknownItem(id: string): RuntimeError {
  return new RuntimeError("not_found", `Item with id '${id}' not found.`, { details: { field: "input" } });
}
