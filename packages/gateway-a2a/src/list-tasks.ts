import type { RunDoor } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { encodeCursor, parseCursor } from "@agentscope-runtime/services";
import type { RunRecord } from "@agentscope-runtime/services";
import type { Caller } from "./caller.ts";
import { given } from "./request-schemas.ts";
import type { ListTasksRequest } from "./request-schemas.ts";
import { isLaterTurn } from "./task-shelf.ts";
import type { TaskShelf } from "./task-shelf.ts";
import type { A2aTask, TaskState } from "./task.ts";
import { stateOf } from "./to-task.ts";

export interface TaskPage {
  readonly tasks: readonly A2aTask[];
  /** Empty when there is no more. */
  readonly nextPageToken: string;
  readonly pageSize: number;
  readonly totalSize: number;
}

/** The newest runs among which tasks are looked for. What is older is found by its id only. */
const longestScan = 1_000;
const defaultPageSize = 50;

interface Candidate {
  readonly taskId: string;
  /** Seconds since 1970: when its newest run began or ended. */
  readonly updatedAt: number;
  readonly record: RunRecord;
}

/** The caller's tasks, those that changed last first. */
export async function listTasks(
  request: ListTasksRequest,
  caller: Caller,
  { runs, shelf }: { readonly runs: RunDoor; readonly shelf: TaskShelf },
): Promise<TaskPage> {
  const contextId = given(request.contextId);
  const { signal, ownerId, agent } = caller;
  const { items } = await runs.list(ownerId, { sessionId: contextId, limit: longestScan, signal });
  const after = given(request.statusTimestampAfter);
  const earliest = after === undefined ? -Infinity : Date.parse(after) / 1000;
  const found = candidatesIn(items, agent).filter(({ updatedAt }) => updatedAt >= earliest);
  const wanted = request.status === "TASK_STATE_UNSPECIFIED" ? undefined : (request.status ?? undefined);
  const matching = wanted === undefined ? found : await inState(found, wanted, { shelf, caller });
  const scope = ["a2a tasks", ownerId, agent, contextId, wanted, after];
  const token = given(request.pageToken);
  const start = token === undefined ? 0 : startAfter(matching, parseCursor(scope, token));
  const pageSize = request.pageSize ?? defaultPageSize;
  const page = matching.slice(start, start + pageSize);
  const last = page.at(-1);
  const isMore = last !== undefined && start + pageSize < matching.length;
  const historyLength = request.historyLength ?? undefined;
  const tasks = await Promise.all(page.map(async ({ taskId }) => findTask(taskId, { shelf, caller, historyLength })));
  return {
    tasks: tasks.flatMap((task) => {
      if (task === undefined) return [];
      const { artifacts = [], ...bare } = task;
      return [request.includeArtifacts === true ? { ...bare, artifacts } : bare];
    }),
    nextPageToken: isMore ? encodeCursor(scope, positionOf(last)) : "",
    pageSize,
    totalSize: matching.length,
  };
}

interface Looking {
  readonly shelf: TaskShelf;
  readonly caller: Caller;
  readonly historyLength: number | undefined;
}

/** Undefined when it was deleted meanwhile. */
async function findTask(taskId: string, { shelf, caller, historyLength }: Looking): Promise<A2aTask | undefined> {
  try {
    return await shelf.task(await shelf.find(taskId, caller), { historyLength });
  } catch (thrown) {
    if (RuntimeError.is(thrown) && thrown.code === "not_found") return undefined;
    throw thrown;
  }
}

/** One for each task, with the newest of its runs. */
function candidatesIn(records: readonly RunRecord[], agent: string): readonly Candidate[] {
  const newest = new Map<string, Candidate>();
  for (const record of records) {
    const taskId = isLaterTurn(record.runId) ? record.runId.slice(0, record.runId.lastIndexOf("~")) : record.runId;
    if (record.agent !== agent || newest.has(taskId)) continue;
    newest.set(taskId, { taskId, updatedAt: Math.floor((record.endedAt ?? record.createdAt) / 1000), record });
  }
  return [...newest.values()].toSorted(
    (one, other) => other.updatedAt - one.updatedAt || (one.taskId < other.taskId ? -1 : 1),
  );
}

/** A run that was completed or ended early may have asked something: only its end tells. */
async function inState(
  candidates: readonly Candidate[],
  state: TaskState,
  { shelf, caller }: { readonly shelf: TaskShelf; readonly caller: Caller },
): Promise<readonly Candidate[]> {
  const matching: Candidate[] = [];
  for (const candidate of candidates) {
    const { status } = candidate.record;
    const isOpen = status === "completed" || status === "incomplete";
    const actual = isOpen
      ? (await findTask(candidate.taskId, { shelf, caller, historyLength: 0 }))?.status.state
      : stateOf(status);
    if (actual === state) matching.push(candidate);
  }
  return matching;
}

function positionOf({ updatedAt, taskId }: Candidate): string {
  return `${updatedAt} ${taskId}`;
}

/** What follows a position, also when the task that stood there has moved up meanwhile. */
function startAfter(candidates: readonly Candidate[], position: string): number {
  const [seconds = "", taskId = ""] = position.split(" ");
  const updatedAt = Number(seconds);
  const index = candidates.findIndex(
    (other) => other.updatedAt < updatedAt || (other.updatedAt === updatedAt && other.taskId > taskId),
  );
  return index === -1 ? candidates.length : index;
}
