import { isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentResponse } from "@agentscope-runtime/protocol";
import type { Notes, RunDoor } from "@agentscope-runtime/core";
import type { RunKey, RunRecord, StateKey } from "@agentscope-runtime/services";
import type { InputItem } from "./input-item.ts";
import type { Asked } from "./response-request.ts";
import { toResource } from "./response-resource.ts";
import type { ResponseFacts } from "./response-resource.ts";
import { ResponseStory } from "./response-story.ts";
import { lastOfRun, runEvents } from "./run-events.ts";

/** What is kept of a request beside its run. */
export interface ResponseNote {
  readonly asked: Asked;
  /** With ids. */
  readonly items: readonly InputItem[];
}

/** A response that can be looked at again. */
export interface KeptResponse extends ResponseNote {
  readonly record: RunRecord;
  readonly facts: ResponseFacts;
}

/** A run of this prefix is forgotten when it has ended, and cannot be looked at before. */
const transient = "resp_transient_";

export function newRunId(stored: boolean): string {
  return `${stored ? "resp_" : transient}${crypto.randomUUID().replaceAll("-", "")}`;
}

/** The responses that are kept: every run of the owner, whichever door it came in by, but those that asked not to be. */
export class ResponseShelf {
  readonly #runs: RunDoor;
  readonly #notes: Notes;

  constructor(runs: RunDoor, notes: Notes) {
    this.#runs = runs;
    this.#notes = notes;
  }

  /** Keeps a request before its run begins. */
  async put(key: RunKey, note: ResponseNote): Promise<void> {
    await this.#notes.save(noteKey(key), note);
  }

  /** Undefined when there is none, when it is another owner's, and when it was not to be stored. */
  async find(key: RunKey, signal: AbortSignal): Promise<KeptResponse | undefined> {
    if (key.runId.startsWith(transient)) return undefined;
    try {
      const record = await this.#runs.get(key, { signal });
      // What this gateway has written, or nothing for a run that came in by another door.
      const note = (await this.#notes.load(noteKey(key))) as ResponseNote | undefined;
      const { asked = {}, items = [] } = note ?? {};
      return { record, asked, items, facts: { runId: key.runId, agent: record.agent, asked } };
    } catch (thrown) {
      if (RuntimeError.is(thrown) && thrown.code === "not_found") return undefined;
      throw thrown;
    }
  }

  /** The same; `not_found` when there is none. */
  async get(key: RunKey, signal: AbortSignal): Promise<KeptResponse> {
    const kept = await this.find(key, signal);
    if (kept !== undefined) return kept;
    throw new RuntimeError("not_found", `Response with id '${key.runId}' not found.`);
  }

  /** What it has ended with; undefined while it runs. */
  async end({ record }: KeptResponse): Promise<AgentResponse | undefined> {
    if (!isTerminalStatus(record.status)) return undefined;
    const { ownerId, runId, eventCount } = record;
    return lastOfRun(this.#runs, { ownerId, runId }, eventCount);
  }

  /** The response object as it is now. */
  async resource(kept: KeptResponse): Promise<object> {
    const { record, facts } = kept;
    const story = new ResponseStory(facts);
    const end = await this.end(kept);
    if (end !== undefined) return story.tellAll(end);
    const { ownerId, runId, createdAt, status } = record;
    for await (const batch of runEvents(this.#runs.read({ ownerId, runId })))
      for (const event of batch) story.tell(event);
    const created_at = Math.floor(createdAt / 1000);
    const nothing = { completed_at: null, error: null, incomplete_details: null, usage: null };
    return toResource(facts, { ...nothing, status, created_at }, story.items);
  }

  /** Stops and forgets it. */
  async delete(key: RunKey): Promise<void> {
    await this.#runs.delete(key);
    await this.#notes.delete(noteKey(key));
  }

  /** Takes a request back whose run never began. */
  async withdraw(key: RunKey): Promise<void> {
    await this.#notes.delete(noteKey(key));
  }
}

function noteKey({ ownerId, runId }: RunKey): StateKey {
  return { userId: ownerId, sessionId: runId, name: "openai.response" };
}
