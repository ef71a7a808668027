import { lastEntry, resumedIdOf } from "@agentscope-runtime/core";
import type { Notes, RunDoor } from "@agentscope-runtime/core";
import { foldEvents, idSchema, isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse } from "@agentscope-runtime/protocol";
import type { RunKey, RunRecord, StateKey } from "@agentscope-runtime/services";
import { a2aError } from "./a2a-error.ts";
import type { Caller } from "./caller.ts";
import { isInterrupted } from "./task.ts";
import type { A2aMessage, A2aTask } from "./task.ts";
import { toTask, toTimestamp } from "./to-task.ts";
import type { TaskFacts, TaskView, Turn } from "./to-task.ts";

/** The runs of a task: the first has the task's id. */
export interface TaskTrail {
  readonly facts: TaskFacts;
  /** Oldest first. */
  readonly runs: readonly [RunRecord, ...RunRecord[]];
}

/** A run up to one of its events. */
interface RunView {
  /** The number of that event; -1 before the first one. */
  readonly known: number;
  readonly response: AgentResponse;
}

export interface KnownTurn extends Turn, RunView {}

export interface TaskShelfOptions {
  readonly runs: RunDoor;
  readonly notes: Notes;
  readonly showWork: boolean;
}

type Owner = Pick<Caller, "agent" | "ownerId">;

const laterTurn = /~turn-\d+$/;

/**
 * The tasks there are. A task is a run of its owner, whichever door it came in by, and the runs that have gone on with it;
 * beside them stands what no run knows: the client's messages, and that a task was canceled while it waited for its client.
 */
export class TaskShelf {
  readonly #runs: RunDoor;
  readonly #notes: Notes;
  readonly #showWork: boolean;

  constructor({ runs, notes, showWork }: TaskShelfOptions) {
    this.#runs = runs;
    this.#notes = notes;
    this.#showWork = showWork;
  }

  /** Throws TASK_NOT_FOUND when there is none, when it is another owner's, and when it is another agent's. */
  async find(taskId: string, { agent, ownerId }: Owner): Promise<TaskTrail> {
    const possible = idSchema.safeParse(taskId).success && !laterTurn.test(taskId);
    const first = possible ? await this.#record({ ownerId, runId: taskId }) : undefined;
    if (first?.agent !== agent) throw a2aError("TASK_NOT_FOUND", `There is no task ${taskId.slice(0, 128)}.`);
    const runs: [RunRecord, ...RunRecord[]] = [first];
    for (let last: RunRecord | undefined = first, turn = 2; last !== undefined;) {
      // Another door may have answered what the run has asked.
      const resumed: RunRecord | undefined =
        last.status === "completed" ? await this.#record({ ownerId, runId: resumedIdOf(last.runId) }) : undefined;
      last = resumed ?? (await this.#record({ ownerId, runId: turnId(taskId, turn) }));
      if (last !== undefined) runs.push(last);
      if (resumed === undefined) turn += 1;
    }
    return { facts: { taskId, contextId: first.sessionId }, runs };
  }

  /** The task as it is now. */
  async task(trail: TaskTrail, view: Omit<TaskView, "showWork"> = {}): Promise<A2aTask> {
    return this.taskOf(trail, await this.turns(trail), view);
  }

  /** The same when its turns are known. */
  async taskOf(trail: TaskTrail, turns: readonly Turn[], view: Omit<TaskView, "showWork"> = {}): Promise<A2aTask> {
    const task = toTask(trail.facts, turns, { ...view, showWork: this.#showWork });
    if (!isInterrupted(task.status.state)) return task;
    const canceled = await this.#notes.load(cancelKey(trail));
    if (typeof canceled !== "number") return task;
    return { ...task, status: { state: "TASK_STATE_CANCELED", timestamp: toTimestamp(canceled) } };
  }

  /** Each turn as far as it has come. */
  async turns({ runs }: TaskTrail): Promise<readonly KnownTurn[]> {
    return Promise.all(
      runs.map(async (record) => ({
        message: await this.#message(record),
        ...(isTerminalStatus(record.status) ? await this.#end(record) : await this.#soFar(record)),
      })),
    );
  }

  /** Keeps a message before its run begins. False when another message begins the same turn. */
  async keep(key: RunKey, message: A2aMessage): Promise<boolean> {
    try {
      await this.#notes.add(messageKey(key), message);
      return true;
    } catch (thrown) {
      if (RuntimeError.is(thrown) && thrown.code === "conflict") return false;
      throw thrown;
    }
  }

  /** Takes a message back whose run never began. */
  async withdraw(key: RunKey): Promise<void> {
    await this.#notes.delete(messageKey(key));
  }

  /** Ends a task that waits for its client, and has no run that could be stopped. */
  async markCanceled(trail: TaskTrail): Promise<void> {
    await this.#notes.save(cancelKey(trail), Math.floor(Date.now() / 1000));
  }

  async #record(key: RunKey): Promise<RunRecord | undefined> {
    try {
      return await this.#runs.get(key);
    } catch (thrown) {
      if (RuntimeError.is(thrown) && thrown.code === "not_found") return undefined;
      throw thrown;
    }
  }

  async #message(key: RunKey): Promise<A2aMessage | undefined> {
    return (await this.#notes.load(messageKey(key))) as A2aMessage | undefined; // Only `keep` writes there.
  }

  async #end({ ownerId, runId, eventCount }: RunRecord): Promise<RunView> {
    const after = eventCount > 1 ? eventCount - 2 : undefined;
    const { sequence, data } = await lastEntry(this.#runs.read({ ownerId, runId }, { after }));
    return { known: sequence, response: JSON.parse(data) as AgentResponse }; // The last event of a run is one.
  }

  async #soFar(record: RunRecord): Promise<RunView> {
    const { ownerId, runId } = record;
    const events: AgentEvent[] = [];
    for await (const batch of this.#runs.read({ ownerId, runId })) {
      for (const { data } of batch) events.push(JSON.parse(data) as AgentEvent); // Our own text of one.
    }
    return { known: events.length - 1, response: foldEvents(events) ?? responseOf(record) };
  }
}

/** The id of the run that goes on with a task for the nth time. */
export function turnId(taskId: string, turn: number): string {
  return `${taskId}~turn-${turn}`;
}

/** Whether a run goes on with a task that another one began. */
export function isLaterTurn(runId: string): boolean {
  return laterTurn.test(runId);
}

/** Of a run that has said nothing yet. */
function responseOf({ runId, sessionId, status, createdAt }: RunRecord): AgentResponse {
  return {
    sequence_number: null,
    object: "response",
    status,
    error: null,
    id: runId,
    created_at: Math.floor(createdAt / 1000),
    completed_at: null,
    output: null,
    usage: null,
    session_id: sessionId,
    incomplete_details: null,
  };
}

function messageKey({ ownerId, runId }: RunKey): StateKey {
  return { userId: ownerId, sessionId: runId, name: "a2a.message" };
}

function cancelKey({ facts, runs }: TaskTrail): StateKey {
  return { userId: runs[0].ownerId, sessionId: facts.taskId, name: "a2a.canceled" };
}
