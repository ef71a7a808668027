import type { AgentResponse, MessageInput } from "@agentscope-runtime/protocol";
import { beginResponse } from "./begin-response.ts";
import type { BegunResponse, ResponseCaller, ResponseSource } from "./begin-response.ts";
import { forgetterOf } from "./forget-run.ts";
import { toInputItems } from "./input-item.ts";
import { chooseAgent } from "./models.ts";
import type { ResponseDesk } from "./response-desk.ts";
import { askedOf } from "./response-request.ts";
import type { ResponseRequest } from "./response-request.ts";
import { toResource } from "./response-resource.ts";
import { newRunId } from "./response-shelf.ts";
import { ResponseStory } from "./response-story.ts";
import type { ResponseEvent } from "./response-story.ts";
import { runEvents } from "./run-events.ts";
import { contextOf, dropTurn, withCalls } from "./socket-turn.ts";
import type { SocketTurn } from "./socket-turn.ts";
import { toMessages } from "./to-messages.ts";

/** How a turn has ended: as one that can be continued here, or from the store, or as one that cannot. */
type Outcome = SocketTurn | "stored" | "forgotten" | "failed";

/** What a conversation that no service keeps may hold, in characters; a longer one cannot be continued. */
const longestConversation = 32 * 1024 * 1024;

/**
 * The responses of one socket. Of those that are not stored it keeps the last one, until the next has ended or one that goes on
 * from it fails: a socket has one conversation, and not every one that it ever had.
 */
export class ResponseTurns implements Disposable {
  readonly #desk: ResponseDesk;
  readonly #source: ResponseSource;
  readonly #caller: ResponseCaller;
  readonly #ownerId: string;
  /** Agents of an app that keeps neither sessions nor state are told what was said; others know it. */
  readonly #replays: boolean;
  #last: SocketTurn | undefined;

  constructor(desk: ResponseDesk, caller: ResponseCaller, ownerId: string) {
    const { runs, contexts } = desk;
    this.#desk = desk;
    this.#source = {
      runs,
      contexts: {
        of: async (request, finder) => {
          const continued = this.#continued(request);
          return continued === undefined ? contexts.of(request, finder) : contextOf(continued);
        },
        resolve: async (...asked) => contexts.resolve(...asked),
      },
    };
    this.#caller = caller;
    this.#ownerId = ownerId;
    this.#replays = runs.sessions === undefined && runs.state === undefined;
  }

  /** The events of one response. Throws what it is refused for. */
  async *take(
    request: ResponseRequest,
    { generate = true }: { readonly generate?: boolean } = {},
  ): AsyncGenerator<ResponseEvent, void, undefined> {
    const continued = this.#continued(request);
    let outcome: Outcome = "failed";
    try {
      if (!generate) outcome = yield* this.#prepare(request, continued);
      else outcome = yield* this.#follow(await beginResponse(this.#source, request, this.#caller), continued);
    } finally {
      this.#replace(continued, outcome);
    }
  }

  [Symbol.dispose](): void {
    if (this.#last !== undefined) this.#drop(this.#last, { keepsSession: !this.#last.ownsSession });
    this.#last = undefined;
  }

  #continued({ previous_response_id: previousId }: ResponseRequest): SocketTurn | undefined {
    return typeof previousId === "string" && previousId === this.#last?.id ? this.#last : undefined;
  }

  /** Takes note of what is said, and asks no agent. */
  async *#prepare(
    request: ResponseRequest,
    continued: SocketTurn | undefined,
  ): AsyncGenerator<ResponseEvent, Outcome, undefined> {
    const { runs, contexts } = this.#source;
    const { agent } = chooseAgent(runs.agents, request.model ?? null);
    const finder = { ownerId: this.#ownerId, signal: this.#caller.signal };
    const { sessionId, userId, before } = await contexts.of(request, finder);
    const sent = toInputItems(request.input);
    const said = toMessages(await contexts.resolve(sent, sessionId, finder), agent);
    const id = newRunId(false);
    const created_at = Math.floor(Date.now() / 1000);
    const facts = { runId: id, agent, asked: askedOf(request) };
    const nothing = { created_at, completed_at: null, error: null, incomplete_details: null, usage: null };
    const begun = toResource(facts, { ...nothing, status: "in_progress" }, []);
    yield { type: "response.created", sequence_number: 0, response: begun };
    const ended = toResource(facts, { ...nothing, status: "completed", completed_at: created_at }, []);
    yield { type: "response.completed", sequence_number: 1, response: ended };
    return this.#turn({
      id,
      key: undefined,
      sessionId,
      userId,
      before: [...before, ...said],
      length: (continued?.length ?? 0) + lengthOf(said),
      calls: withCalls(continued?.calls ?? [], sent),
      ownsSession: continued?.ownsSession ?? false,
    });
  }

  async *#follow(
    begun: BegunResponse,
    continued: SocketTurn | undefined,
  ): AsyncGenerator<ResponseEvent, Outcome, undefined> {
    const { runs } = this.#desk;
    const { key, facts, messages, sent, isTransient } = begun;
    const ownsSession = continued?.ownsSession ?? !begun.keepsSession;
    const story = new ResponseStory(facts);
    let end: AgentResponse | undefined;
    let isKept = false;
    try {
      for await (const batch of runEvents(runs.read(key, { follow: true, signal: this.#caller.signal }))) {
        for (const event of batch) {
          yield* story.tell(event);
          if (event.object === "response") end = event;
        }
      }
      if (end?.status !== "completed" && end?.status !== "incomplete") return "failed";
      if (!isTransient) return "stored";
      const { sessionId, userId } = await runs.get(key);
      isKept = true;
      const said = this.#replays ? [...messages, ...(end.output ?? [])] : [];
      const length = (continued?.length ?? 0) + lengthOf(said.slice(continued?.before.length ?? 0));
      const calls = withCalls(continued?.calls ?? [], [...sent, ...story.items]);
      return this.#turn({ id: key.runId, key, sessionId, userId, before: said, length, calls, ownsSession });
    } finally {
      if (isTransient && !isKept) forgetterOf(runs, key, { keepsSession: !ownsSession })();
    }
  }

  #turn(turn: SocketTurn): Outcome {
    if (turn.length <= longestConversation) return turn;
    this.#drop(turn, { keepsSession: !turn.ownsSession });
    return "forgotten";
  }

  #replace(continued: SocketTurn | undefined, outcome: Outcome): void {
    const last = this.#last;
    // What has nothing to do with the last one, and came to nothing, leaves it as it is.
    if (outcome === "failed" && continued === undefined) return;
    this.#last = typeof outcome === "object" ? outcome : undefined;
    if (last === undefined) return;
    const goesOn = continued !== undefined && outcome !== "failed";
    this.#drop(last, { keepsSession: goesOn || !last.ownsSession });
  }

  #drop(turn: SocketTurn, options: { readonly keepsSession: boolean }): void {
    dropTurn(this.#desk.runs, turn, options);
  }
}

function lengthOf(messages: readonly MessageInput[]): number {
  return JSON.stringify(messages).length;
}
