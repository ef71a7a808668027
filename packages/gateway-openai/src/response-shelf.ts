import { isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentResponse } from "@agentscope-runtime/protocol";
import type { RunDoor } from "@agentscope-runtime/core";
import type { RunKey, RunRecord } from "@agentscope-runtime/services";
import type { InputItem } from "./input-item.ts";
import type { Asked } from "./response-request.ts";
import { toResource } from "./response-resource.ts";
import type { ResponseFacts } from "./response-resource.ts";
import { ResponseStory } from "./response-story.ts";
import { lastOfRun, runEvents } from "./run-events.ts";

/** What is kept of a request with its run. */
export interface ResponseNote {
  readonly asked: Asked;
  /** With ids. */
  readonly items: readonly InputItem[];
}

/** A response that can be looked at again. */
export interface KeptResponse extends ResponseNote {
  readonly record: RunRecord;
  readonly facts: ResponseFacts;
  /** False when it came in by another door: then nobody knows what exactly was asked. */
  readonly isOurs: boolean;
}

/** A run of this prefix is forgotten when it has ended, and cannot be looked at before. */
const transient = "resp_transient_";

export function newRunId(stored: boolean): string {
  return `${stored ? "resp_" : transient}${crypto.randomUUID().replaceAll("-", "")}`;
}

/** The responses that are kept: every run of the owner, whichever door it came in by, but those that asked not to be. */
export class ResponseShelf {
  readonly #runs: RunDoor;

  constructor(runs: RunDoor) {
    this.#runs = runs;
  }

  /** Undefined when there is none, when it is another owner's, and when it was not to be stored. */
  async find(key: RunKey, signal: AbortSignal): Promise<KeptResponse | undefined> {
    if (key.runId.startsWith(transient)) return undefined;
    try {
      const [record, note] = await Promise.all([this.#runs.get(key, { signal }), this.#runs.note(key, { signal })]);
      const noted = fromNote(note);
      const { asked = {}, items = [] } = noted ?? {};
      return {
        record,
        asked,
        items,
        isOurs: noted !== undefined,
        facts: { runId: key.runId, agent: record.agent, asked },
      };
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
}

export function toNote(note: ResponseNote): string {
  return JSON.stringify({ openai: note });
}

/** Undefined for a run that came in by another door, which may have a note of its own. */
function fromNote(text: string | undefined): ResponseNote | undefined {
  const note: unknown = text === undefined ? undefined : JSON.parse(text);
  return typeof note === "object" && note !== null && "openai" in note ? (note.openai as ResponseNote) : undefined; // Ours.
}
