import type { RunDoor } from "@agentscope-runtime/core";
import { isTerminalStatus } from "@agentscope-runtime/protocol";
import type { Topic } from "@agentscope-runtime/services";
import type { Caller } from "./caller.ts";
import { followRun } from "./follow-run.ts";
import type { TaskShelf } from "./task-shelf.ts";
import { isTerminalState } from "./task.ts";
import type { StreamEvent } from "./task.ts";
import type { TaskFacts } from "./to-task.ts";

export interface TurnKey {
  readonly ownerId: string;
  readonly taskId: string;
}

/** Tells whoever follows a task which run goes on with it; null when it was canceled while it waited for its client. */
export async function announceTurn(topic: Topic, key: TurnKey, runId: string | null): Promise<void> {
  await topic.publish(topicOf(key), JSON.stringify({ runId }));
}

export interface TaskFollowing {
  readonly runs: RunDoor;
  readonly shelf: TaskShelf;
  readonly taskId: string;
  readonly caller: Caller;
  readonly showWork: boolean;
}

type Batch = readonly StreamEvent[];

/** A task as it is, and then its updates, across all of its turns, until it ends. */
export async function* followTask(following: TaskFollowing): AsyncGenerator<Batch, void, undefined> {
  const { runs, shelf, taskId, caller, showWork } = following;
  const { ownerId, signal } = caller;
  await using announced = await runs.topic.subscribe(topicOf({ ownerId, taskId }), { signal });
  const trail = await shelf.find(taskId, caller);
  const turns = await shelf.turns(trail);
  const task = await shelf.taskOf(trail, turns, { streamed: true });
  yield [{ task }];
  if (isTerminalState(task.status.state)) return;
  const { facts } = trail;
  const seen = new Set(trail.runs.map(({ runId }) => runId));
  const last = turns.at(-1);
  if (last !== undefined && !isTerminalStatus(last.response.status)) {
    if (yield* followTurn(last.response.id, last.known)) return;
  }
  for await (const message of announced) {
    const { runId } = JSON.parse(message) as { readonly runId: string | null }; // `announceTurn` wrote it.
    if (runId === null) {
      yield [{ statusUpdate: { ...facts, status: (await shelf.task(await shelf.find(taskId, caller))).status } }];
      return;
    }
    if (seen.has(runId)) continue;
    if (yield* followTurn(runId, -1)) return;
  }

  /** One run, and those that wait behind it already. Returns whether the task has ended with it. */
  async function* followTurn(runId: string, known: number): AsyncGenerator<Batch, boolean, undefined> {
    for (let next: string | undefined = runId, from = known; next !== undefined; from = -1) {
      seen.add(next);
      const key = { ownerId, runId: next };
      next = undefined;
      for await (const batch of followRun({ runs, key, facts, showWork, signal, known: from })) {
        if (!hasEnded(batch.at(-1))) {
          yield batch;
          continue;
        }
        next = await laterRun(facts);
        if (next === undefined) {
          yield batch;
          return true;
        }
        // The task goes on: only what came before the run's end is told.
        if (batch.length > 1) yield batch.slice(0, -1);
      }
    }
    return false;
  }

  async function laterRun(of: TaskFacts): Promise<string | undefined> {
    const now = await shelf.find(of.taskId, caller);
    return now.runs.find((run) => !seen.has(run.runId))?.runId;
  }
}

function hasEnded(event: StreamEvent | undefined): boolean {
  return event !== undefined && "statusUpdate" in event && isTerminalState(event.statusUpdate.status.state);
}

function topicOf({ ownerId, taskId }: TurnKey): string {
  return `a2a.task ${JSON.stringify([ownerId, taskId])}`;
}
