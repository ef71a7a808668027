import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunStatus } from "@agentscope-runtime/protocol";
import type { CallOptions } from "./call-options.ts";
import { Follower } from "./follower.ts";
import { Lifetime } from "./lifetime.ts";
import { PackedEvents } from "./packed-events.ts";
import { pageOf } from "./page-of.ts";
import type { Numbered } from "./page-of.ts";
import type { Page } from "./page.ts";
import type { NewRun, RunEnd, RunEntry, RunKey, RunListOptions, RunLog, RunReadOptions, RunRecord } from "./run-log.ts";
import { Timeline } from "./timeline.ts";

export interface InProcessRunLogOptions {
  /** How many finished runs are remembered. Default 1,000. */
  readonly maxFinishedRuns?: number;
  /** How much event text of finished runs is kept, in characters. Default 32 Mi. */
  readonly maxBytes?: number;
  /** Milliseconds since 1970. `Date.now` by default. */
  readonly now?: () => number;
}

interface Run {
  readonly key: RunKey;
  readonly run: NewRun;
  /** Its place in the order in which all runs were created. */
  readonly number: number;
  readonly createdAt: number;
  readonly events: PackedEvents;
  /** The readers that have everything and wait for more. */
  waiting: Set<Follower<readonly RunEntry[]>>;
  status: RunStatus;
  endedAt: number | undefined;
  deleted: boolean;
}

interface OwnerRuns {
  readonly byId: Map<string, Run>;
  readonly byCreation: Timeline<Run>;
}

/**
 * Runs in this process's memory: they end with it.
 *
 * It is bounded: beyond `maxFinishedRuns` or `maxBytes`, the runs that finished first are forgotten, with their
 * records. A run that is not finished is never forgotten, nor, for `maxBytes` alone, the one that finished last. Who
 * was already reading a run that is forgotten reads it to its end.
 *
 * `create`, `append`, `finish` and `delete` have done their work when they return, before their promise is awaited.
 */
export class InProcessRunLog implements RunLog {
  readonly #lifetime = new Lifetime("InProcessRunLog");
  readonly #maxFinishedRuns: number;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #owners = new Map<string, OwnerRuns>();
  /** In the order in which they finished. */
  readonly #finished = new Set<Run>();
  #finishedSize = 0;
  #lastNumber = 0;

  constructor({ maxFinishedRuns = 1000, maxBytes = 32 * 2 ** 20, now = Date.now }: InProcessRunLogOptions = {}) {
    this.#maxFinishedRuns = maxFinishedRuns;
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  async create({ ownerId, runId }: RunKey, newRun: NewRun, options?: CallOptions): Promise<RunRecord> {
    this.#lifetime.assertOpen(options);
    let owner = this.#owners.get(ownerId);
    if (owner?.byId.has(runId) === true) throw new RuntimeError("conflict", "There is a run of this id already.");
    if (owner === undefined) {
      owner = { byId: new Map(), byCreation: new Timeline() };
      this.#owners.set(ownerId, owner);
    }
    const { agent, sessionId, userId, requestHash } = newRun;
    const run: Run = {
      key: { ownerId, runId },
      run: { agent, sessionId, userId, requestHash },
      number: ++this.#lastNumber,
      createdAt: this.#now(),
      events: new PackedEvents(),
      waiting: new Set(),
      status: "in_progress",
      endedAt: undefined,
      deleted: false,
    };
    owner.byId.set(runId, run);
    owner.byCreation.add(run.number, run);
    return toRecord(run);
  }

  async append(key: RunKey, first: number, events: readonly string[], options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const run = this.#writable(key, first);
    run.events.add(events);
    wake(run);
  }

  async finish(key: RunKey, first: number, { status, events }: RunEnd, options?: CallOptions): Promise<RunRecord> {
    this.#lifetime.assertOpen(options);
    const run = this.#writable(key, first);
    run.events.add(events);
    run.status = status;
    run.endedAt = this.#now();
    this.#finished.add(run);
    this.#finishedSize += run.events.length;
    wake(run);
    run.events.settle();
    this.#forgetOldest();
    return toRecord(run);
  }

  async get(key: RunKey, options?: CallOptions): Promise<RunRecord | undefined> {
    this.#lifetime.assertOpen(options);
    const run = this.#find(key);
    return run && toRecord(run);
  }

  async list(ownerId: string, options: RunListOptions = {}): Promise<Page<RunRecord>> {
    this.#lifetime.assertOpen(options);
    const { sessionId, status } = options;
    const runs = this.#owners.get(ownerId)?.byCreation;
    const wanted = ([, { run, status: actual }]: Numbered<Run>): boolean =>
      (sessionId === undefined || run.sessionId === sessionId) && (status === undefined || actual === status);
    return pageOf(
      {
        scope: ["runs", ownerId, sessionId, status],
        newest: (before) => runs?.newest(before).filter(wanted) ?? [],
        toItem: toRecord,
      },
      options,
    );
  }

  read({ ownerId, runId }: RunKey, options: RunReadOptions = {}): AsyncIterable<readonly RunEntry[]> {
    return { [Symbol.asyncIterator]: () => this.#reader({ ownerId, runId }, options) };
  }

  async delete(key: RunKey, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const run = this.#find(key);
    if (run === undefined) return;
    this.#forget(run);
    run.deleted = true;
    wake(run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    const runs = [...this.#owners.values()].flatMap(({ byId }) => [...byId.values()]);
    for (const run of runs) wake(run);
    this.#owners.clear();
    this.#finished.clear();
  }

  #reader(key: RunKey, { after = -1, follow = false, signal }: RunReadOptions): Follower<readonly RunEntry[]> {
    let run: Run | undefined;
    let next = Math.max(after + 1, 0);
    let end = Infinity;
    const reader = new Follower<readonly RunEntry[]>({
      signal,
      take: () => {
        this.#lifetime.assertOpen();
        if (run === undefined) {
          run = this.#find(key);
          if (run !== undefined && !follow) end = run.events.count;
        }
        if (run === undefined || run.deleted) throw noSuchRun();
        const batch = run.events.batch(next, end);
        next += batch.length;
        if (batch.length > 0) return { done: false, value: batch };
        if (!follow || run.endedAt !== undefined) return { done: true, value: undefined };
        run.waiting.add(reader);
        return undefined;
      },
      onEnd: () => run?.waiting.delete(reader),
    });
    return reader;
  }

  #find({ ownerId, runId }: RunKey): Run | undefined {
    return this.#owners.get(ownerId)?.byId.get(runId);
  }

  /** The run, when an event of this number may be added to it. */
  #writable(key: RunKey, first: number): Run {
    const run = this.#find(key);
    if (run === undefined) throw noSuchRun();
    const eventCount = run.events.count;
    if (run.endedAt !== undefined) {
      throw new RuntimeError("conflict", "The run is finished.", { details: { status: run.status, eventCount } });
    }
    if (first !== eventCount) {
      throw new RuntimeError("conflict", "This is not the run's next event.", { details: { first, eventCount } });
    }
    return run;
  }

  #forgetOldest(): void {
    for (const run of this.#finished) {
      const tooLong = this.#finishedSize > this.#maxBytes && this.#finished.size > 1;
      if (!tooLong && this.#finished.size <= this.#maxFinishedRuns) return;
      this.#forget(run);
    }
  }

  #forget(run: Run): void {
    const { ownerId, runId } = run.key;
    const owner = this.#owners.get(ownerId);
    owner?.byId.delete(runId);
    owner?.byCreation.remove(run.number);
    if (owner?.byId.size === 0) this.#owners.delete(ownerId);
    if (this.#finished.delete(run)) this.#finishedSize -= run.events.length;
  }
}

/** Each reader takes all that is there before it waits again. */
function wake(run: Run): void {
  if (run.waiting.size === 0) return;
  const { waiting } = run;
  run.waiting = new Set();
  for (const reader of waiting) reader.wake();
}

function toRecord({ key, run, status, createdAt, endedAt, events }: Run): RunRecord {
  return { ...key, ...run, status, createdAt, endedAt, eventCount: events.count };
}

function noSuchRun(): RuntimeError {
  return new RuntimeError("not_found", "There is no such run.");
}
