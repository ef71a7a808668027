import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import type { RunKey, RunLog, RunRecord } from "@agentscope-runtime/services";
import type { Approvals, AskedApproval } from "./approvals.ts";
import { LiveRun } from "./live-run.ts";
import type { LiveRunWork } from "./live-run.ts";
import type { Logger } from "./logger.ts";
import { Narrator } from "./narrator.ts";
import { endingOf } from "./run-stop.ts";
import { waitForTurn } from "./run-turns.ts";
import type { RunStop } from "./run-stop.ts";
import type { Emit, Runner } from "./runner.ts";
import { decodeStoredRun } from "./stored-run.ts";
import type { StoredRun } from "./stored-run.ts";

export interface LiveRunsOptions {
  readonly agents: ReadonlyMap<string, Runner>;
  readonly log: RunLog;
  /** As whom they write. */
  readonly holder: string;
  /** Whether others read the log too. */
  readonly shared: boolean;
  readonly approvals: Approvals;
  readonly logger: Logger;
  readonly maxRunLength: number;
  readonly patienceMs: number | undefined;
}

/** The runs that wait or are under way in this process. */
export class LiveRuns {
  readonly #options: LiveRunsOptions;
  readonly #live = new Map<string, LiveRun>();
  readonly #ended = new Map<string, Map<string, number>>();

  constructor(options: LiveRunsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#live.size;
  }

  /** How many have ended since the start, by agent and status. */
  get ended(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#ended;
  }

  all(): LiveRun[] {
    return [...this.#live.values()];
  }

  find(key: RunKey): LiveRun | undefined {
    return this.#live.get(idOf(key));
  }

  /** Runs what the log has as this replica's: at once when it is `in_progress`, else when its turn comes. */
  launch(record: RunRecord, stored: StoredRun): LiveRun {
    const { log, holder, shared, logger, maxRunLength, patienceMs } = this.#options;
    const { agent, ownerId, runId } = record;
    const key = { ownerId, runId };
    const { onDisconnect } = stored;
    const options = { key, log, holder, shared, logger, onDisconnect, maxRunLength, patienceMs };
    const live = new LiveRun(options, new RunTask(this.#options, record, stored));
    const id = idOf(key);
    this.#live.set(id, live);
    void live.ended.then(() => {
      this.#live.delete(id);
      this.#count(agent, live);
    });
    return live;
  }

  #count(agent: string, { status }: LiveRun): void {
    if (status === "queued") return; // Handed over.
    const byStatus = this.#ended.get(agent) ?? new Map<string, number>();
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    this.#ended.set(agent, byStatus);
  }
}

/** What is to be done for one run. */
class RunTask implements LiveRunWork {
  readonly #options: LiveRunsOptions;
  readonly #record: RunRecord;
  #stored: StoredRun;

  constructor(options: LiveRunsOptions, record: RunRecord, stored: StoredRun) {
    this.#options = options;
    this.#record = record;
    this.#stored = stored;
  }

  get waits(): boolean {
    return this.#record.status === "queued";
  }

  async begin(signal: AbortSignal): Promise<void> {
    const { log, holder } = this.#options;
    const { mergeMs } = this.#stored;
    if (mergeMs !== undefined) await sleep(mergeMs, undefined, { signal });
    const text = await waitForTurn(log, this.#record, { line: this.#record, holder, signal });
    if (text !== "") this.#stored = decodeStoredRun(text);
  }

  run(emit: Emit, stop: RunStop): Promise<void> {
    const { agents, approvals } = this.#options;
    const { agent, runId, userId, sessionId } = this.#record;
    const { request, identity = { userId }, traceparent, approvals: granted } = this.#stored;
    const runner = agents.get(agent);
    if (runner === undefined) return Promise.reject(new RuntimeError("not_found", `There is no agent ${agent}.`));
    const ask = (asked: AskedApproval): Promise<void> => approvals.ask({ userId, sessionId }, runId, asked);
    return runner.execute(request, { agent, identity, traceparent, stop, approvals: granted, ask }, emit);
  }

  endEarly(reason: RuntimeError): AgentEvent[] {
    const narrator = new Narrator(this.#record);
    return [...narrator.begin(), narrator.end(endingOf(reason, { stopped: reason.code === "canceled" }))];
  }
}

function idOf({ ownerId, runId }: RunKey): string {
  return JSON.stringify([ownerId, runId]);
}
