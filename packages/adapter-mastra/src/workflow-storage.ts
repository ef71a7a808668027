import type { SessionHistoryService, SessionKey, StateKey, StateService } from "@agentscope-runtime/services";
import {
  getSnapshotMemoryInfo,
  matchesExpectedWorkflowStatus,
  mergeWorkflowStepResult,
  normalizePerPage,
  WorkflowsStorage,
} from "@mastra/core/storage";
import type { StorageListWorkflowRunsInput, WorkflowRun, WorkflowRuns } from "@mastra/core/storage";
import { safeStringify } from "@mastra/core/utils/safe-stringify";
import type { WorkflowRunState } from "@mastra/core/workflows";
import { changeState } from "./change-state.ts";
import { everyItem } from "./every-item.ts";
import { recordOf } from "./record-of.ts";

/** A run as it is saved. */
interface SavedRun {
  readonly resourceId?: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** JSON text: a state may not hold everything that a key of a snapshot can be. */
  readonly snapshot: string;
}

/** What a list is filtered by. */
interface RunSummary {
  readonly createdAt: number;
  readonly status: string;
  readonly resourceId?: string;
  readonly threadId?: string;
}

interface RunKey {
  readonly workflowName: string;
  readonly runId: string;
}

type Argument<Method extends "persistWorkflowSnapshot" | "updateWorkflowResults" | "updateWorkflowState"> = Parameters<
  WorkflowsStorage[Method]
>[0];

/**
 * Where Mastra keeps its runs while they wait: each in our state service, and all of a workflow in a list of our session
 * service's, under a name that is nobody's user id.
 */
export class WorkflowStorage extends WorkflowsStorage {
  readonly #states: StateService;
  readonly #sessions: SessionHistoryService;
  readonly #owner: string;

  constructor({ state, sessions, owner }: { state: StateService; sessions: SessionHistoryService; owner: string }) {
    super();
    this.#states = state;
    this.#sessions = sessions;
    this.#owner = owner;
  }

  override async init(): Promise<void> {
    // There are no tables.
  }

  supportsConcurrentUpdates(): boolean {
    return true;
  }

  async persistWorkflowSnapshot(run: Argument<"persistWorkflowSnapshot">): Promise<void> {
    const { snapshot, createdAt, updatedAt } = run;
    const now = Date.now();
    const { before, saved } = await changeState<SavedRun, { before: SavedRun | undefined; saved: SavedRun }>(
      this.#states,
      this.#stateKey(run),
      (known) => {
        const resourceId = run.resourceId ?? known?.resourceId;
        const next: SavedRun = {
          createdAt: createdAt?.getTime() ?? known?.createdAt ?? now,
          updatedAt: updatedAt?.getTime() ?? now,
          snapshot: safeStringify(snapshot),
          ...(resourceId !== undefined && { resourceId }),
        };
        return { next, result: { before: known, saved: next } };
      },
    );
    await this.#list(run, saved, before);
  }

  async loadWorkflowSnapshot(key: RunKey): Promise<WorkflowRunState | null> {
    const saved = await this.#load(key);
    return saved === undefined ? null : snapshotOf(saved);
  }

  async updateWorkflowResults(
    update: Argument<"updateWorkflowResults">,
  ): Promise<ReturnType<typeof mergeWorkflowStepResult>> {
    const { stepId, result, requestContext } = update;
    return changeState<SavedRun, ReturnType<typeof mergeWorkflowStepResult>>(
      this.#states,
      this.#stateKey(update),
      (before) => {
        if (before === undefined) return { result: {} };
        const snapshot = snapshotOf(before);
        const context = mergeWorkflowStepResult({ snapshot, stepId, result, requestContext });
        return { next: { ...before, snapshot: safeStringify(snapshot), updatedAt: Date.now() }, result: context };
      },
    );
  }

  async updateWorkflowState(update: Argument<"updateWorkflowState">): Promise<WorkflowRunState | undefined> {
    const { expectedStatus, ...changes } = update.opts;
    const changed = await changeState<SavedRun, { saved: SavedRun; before: SavedRun } | undefined>(
      this.#states,
      this.#stateKey(update),
      (before) => {
        if (before === undefined) return { result: undefined };
        const snapshot = snapshotOf(before);
        if (!matchesExpectedWorkflowStatus(snapshot.status, expectedStatus)) return { result: undefined };
        const next = { ...before, snapshot: safeStringify({ ...snapshot, ...changes }), updatedAt: Date.now() };
        return { next, result: { saved: next, before } };
      },
    );
    if (changed === undefined) return undefined;
    await this.#list(update, changed.saved, changed.before);
    return snapshotOf(changed.saved);
  }

  async getWorkflowRunById({
    runId,
    workflowName,
  }: {
    runId: string;
    workflowName?: string;
  }): Promise<WorkflowRun | null> {
    const names = workflowName === undefined ? await this.#workflowNames() : [workflowName];
    for (const name of names) {
      const saved = await this.#load({ workflowName: name, runId });
      if (saved !== undefined) return toRun({ workflowName: name, runId }, saved);
    }
    return null;
  }

  async listWorkflowRuns(filter: StorageListWorkflowRunsInput = {}): Promise<WorkflowRuns> {
    const names = filter.workflowName === undefined ? await this.#workflowNames() : [filter.workflowName];
    const found: (RunKey & { readonly createdAt: number })[] = [];
    for (const workflowName of names) {
      const userId = this.#listOf(workflowName);
      for await (const { sessionId: runId, metadata } of everyItem((page) => this.#sessions.list(userId, page))) {
        // Only `#list` writes there.
        const summary = metadata as unknown as RunSummary;
        if (matches(summary, filter)) found.push({ workflowName, runId, createdAt: summary.createdAt });
      }
    }
    found.sort((left, right) => right.createdAt - left.createdAt);
    const runs = await Promise.all(
      pageOf(found, filter).map(async (key) => {
        const saved = await this.#load(key);
        return saved === undefined ? [] : [toRun(key, saved)];
      }),
    );
    return { runs: runs.flat(), total: found.length };
  }

  async deleteWorkflowRunById({ runId, workflowName }: RunKey): Promise<void> {
    await this.#sessions.delete({ userId: this.#listOf(workflowName), sessionId: runId });
    await this.#states.delete(this.#stateKey({ runId, workflowName }));
  }

  async dangerouslyClearAll(): Promise<void> {
    for (const workflowName of await this.#workflowNames()) {
      const userId = this.#listOf(workflowName);
      for await (const { sessionId: runId } of everyItem((page) => this.#sessions.list(userId, page))) {
        await this.deleteWorkflowRunById({ runId, workflowName });
      }
    }
  }

  async #load(key: RunKey): Promise<SavedRun | undefined> {
    const saved = await this.#states.load(this.#stateKey(key));
    // Only this class writes there.
    return saved?.state as SavedRun | undefined;
  }

  /** Notes what lists are filtered by, where it has changed. */
  async #list({ workflowName, runId }: RunKey, saved: SavedRun, before: SavedRun | undefined): Promise<void> {
    const summary = summaryOf(saved);
    if (before !== undefined && JSON.stringify(summaryOf(before)) === JSON.stringify(summary)) return;
    const key: SessionKey = { userId: this.#listOf(workflowName), sessionId: runId };
    if (before === undefined) {
      await recordOf(this.#sessions, { userId: this.#owner, sessionId: workflowName });
      await recordOf(this.#sessions, key);
    }
    await this.#sessions.update(key, { metadata: { ...summary } });
  }

  async #workflowNames(): Promise<string[]> {
    const records = await Array.fromAsync(everyItem((page) => this.#sessions.list(this.#owner, page)));
    return records.map(({ sessionId }) => sessionId);
  }

  #stateKey({ workflowName, runId }: RunKey): StateKey {
    return { userId: this.#owner, sessionId: runId, name: workflowName };
  }

  #listOf(workflowName: string): string {
    return `${this.#owner}:${workflowName}`;
  }
}

function snapshotOf({ snapshot }: SavedRun): WorkflowRunState {
  return JSON.parse(snapshot) as WorkflowRunState; // As Mastra gave it.
}

function summaryOf(saved: SavedRun): RunSummary {
  const snapshot = snapshotOf(saved);
  const { threadId } = getSnapshotMemoryInfo(snapshot) ?? {};
  return {
    createdAt: saved.createdAt,
    status: snapshot.status,
    ...(saved.resourceId !== undefined && { resourceId: saved.resourceId }),
    ...(threadId !== undefined && { threadId }),
  };
}

function toRun({ workflowName, runId }: RunKey, saved: SavedRun): WorkflowRun {
  return {
    workflowName,
    runId,
    snapshot: snapshotOf(saved),
    createdAt: new Date(saved.createdAt),
    updatedAt: new Date(saved.updatedAt),
    ...(saved.resourceId !== undefined && { resourceId: saved.resourceId }),
  };
}

function matches(
  run: RunSummary,
  { status, resourceId, threadId, fromDate, toDate }: StorageListWorkflowRunsInput,
): boolean {
  return (
    (status === undefined || run.status === status) &&
    (resourceId === undefined || run.resourceId === resourceId) &&
    (threadId === undefined || run.threadId === threadId) &&
    (fromDate === undefined || run.createdAt >= fromDate.getTime()) &&
    (toDate === undefined || run.createdAt <= toDate.getTime())
  );
}

function pageOf<Item>(items: readonly Item[], { page, perPage }: StorageListWorkflowRunsInput): readonly Item[] {
  if (page === undefined || perPage === undefined) return items;
  const size = normalizePerPage(perPage, Number.MAX_SAFE_INTEGER);
  return items.slice(page * size, page * size + size);
}
