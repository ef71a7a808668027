import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunStatus } from "@agentscope-runtime/protocol";
import type { CallOptions } from "./call-options.ts";
import { Follower } from "./follower.ts";
import { Lifetime } from "./lifetime.ts";
import { PackedEvents } from "./packed-events.ts";
import { pageOf } from "./page-of.ts";
import type { Numbered } from "./page-of.ts";
import type { Page, PageOptions } from "./page.ts";
import type {
  Change,
  NewRun,
  RunEnd,
  RunEntry,
  RunFacts,
  RunKey,
  RunLine,
  RunListOptions,
  RunLog,
  RunReadOptions,
  RunRecord,
  RunWrite,
} from "./run-log.ts";
import { TextArena } from "./text-arena.ts";
import { Timeline } from "./timeline.ts";

export interface InProcessRunLogOptions {
  /** How many finished runs are remembered. Default 1,000. */
  readonly maxFinishedRuns?: number;
  /** How much text of finished runs is kept, their events and notes, in characters. Default 32 Mi. */
  readonly maxBytes?: number;
  /** Milliseconds since 1970. `Date.now` by default. */
  readonly now?: () => number;
}

interface Run {
  readonly key: RunKey;
  readonly facts: RunFacts;
  /** Its place in the order in which all runs were created. */
  readonly number: number;
  readonly createdAt: number;
  readonly note: string | undefined;
  readonly events: PackedEvents;
  /** How many read it. */
  readers: number;
  /** Those of them that have everything and wait for more. */
  waiting: Set<Follower<readonly RunEntry[]>> | undefined;
  /** The unfinished runs of its session; undefined once it has finished itself. */
  line: Line | undefined;
  holder: string | undefined;
  request: string | undefined;
  status: RunStatus;
  endedAt: number | undefined;
  deleted: boolean;
}

/** Sets keep their order, so the first is who may run. */
interface Line {
  readonly name: string;
  readonly runs: Set<Run>;
}

interface OwnerRuns {
  readonly byId: Map<string, Run>;
  readonly byCreation: Timeline<Run>;
}

/** So many of a line are listed. */
const longestLine = 1000;

/**
 * Runs in this process's memory: they end with it.
 *
 * It is bounded: beyond `maxFinishedRuns` or `maxBytes`, the runs that finished first are forgotten, with their
 * records. A run that is not finished is never forgotten, nor, for `maxBytes` alone, the one that finished last. Who
 * was already reading a run that is forgotten reads it to its end.
 *
 * `create`, `begin`, `append`, `finish` and `delete` have done their work when they return, before their promise is awaited.
 */
export class InProcessRunLog implements RunLog {
  readonly #lifetime = new Lifetime("InProcessRunLog");
  readonly #maxFinishedRuns: number;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #owners = new Map<string, OwnerRuns>();
  readonly #arena = new TextArena();
  readonly #lines = new Map<string, Line>();
  readonly #held = new Map<string | undefined, Set<Run>>();
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
    const { agent, sessionId, userId, requestHash, request, note, holder, deferred = false } = newRun;
    const line = this.#lineOf({ ownerId, userId, sessionId });
    const run: Run = {
      key: { ownerId, runId },
      facts: { agent, sessionId, userId, requestHash },
      number: ++this.#lastNumber,
      createdAt: this.#now(),
      note,
      events: new PackedEvents(this.#arena),
      readers: 0,
      waiting: undefined,
      line,
      holder,
      request,
      status: line.runs.size === 0 && !deferred ? "in_progress" : "queued",
      endedAt: undefined,
      deleted: false,
    };
    owner.byId.set(runId, run);
    owner.byCreation.add(run.number, run);
    line.runs.add(run);
    this.#hold(run, holder);
    return toRecord(run);
  }

  async line({ ownerId, userId, sessionId }: RunLine, options?: CallOptions): Promise<readonly RunRecord[]> {
    this.#lifetime.assertOpen(options);
    const line = this.#lines.get(nameOf({ ownerId, userId, sessionId }));
    return line === undefined ? [] : Array.from(line.runs.values().take(longestLine), toRecord);
  }

  async begin(key: RunKey, holder: string, options?: CallOptions): Promise<string | undefined> {
    this.#lifetime.assertOpen(options);
    const run = this.#unfinished(key);
    assertHeld(run, holder);
    const [first] = run.line?.runs ?? [];
    if (run !== first) return undefined;
    run.status = "in_progress";
    return run.request;
  }

  async amend(key: RunKey, { from, to }: Change<string>, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const run = this.#unfinished(key);
    if (run.status !== "queued") throw new RuntimeError("conflict", "The run has begun.");
    if (run.request !== from) throw new RuntimeError("conflict", "The run is asked something else by now.");
    run.request = to;
  }

  async request(key: RunKey, options?: CallOptions): Promise<string | undefined> {
    this.#lifetime.assertOpen(options);
    const run = this.#find(key);
    if (run === undefined) throw noSuchRun();
    return run.request;
  }

  async note(key: RunKey, options?: CallOptions): Promise<string | undefined> {
    this.#lifetime.assertOpen(options);
    const run = this.#find(key);
    if (run === undefined) throw noSuchRun();
    return run.note;
  }

  async claim(key: RunKey, { from, to }: Change<string | undefined>, options?: CallOptions): Promise<RunRecord> {
    this.#lifetime.assertOpen(options);
    const run = this.#unfinished(key);
    assertHeld(run, from);
    this.#letGo(run);
    run.holder = to;
    this.#hold(run, to);
    return toRecord(run);
  }

  async holders(options?: CallOptions): Promise<readonly string[]> {
    this.#lifetime.assertOpen(options);
    return [...this.#held.keys()].filter((holder) => holder !== undefined);
  }

  async held(holder: string | undefined, options?: PageOptions): Promise<Page<RunRecord>> {
    this.#lifetime.assertOpen(options);
    const runs = [...(this.#held.get(holder) ?? [])].toSorted((one, other) => one.number - other.number);
    return pageOf(
      {
        scope: ["held", holder],
        // Oldest first is newest first of the numbers below zero.
        newest: (before) =>
          runs
            .values()
            .filter((run) => -run.number < before)
            .map((run) => [-run.number, run] as const),
        toItem: toRecord,
      },
      options,
    );
  }

  async append(key: RunKey, { holder, first, events }: RunWrite, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const run = this.#writable(key, { holder, first });
    if (run.status === "queued") throw new RuntimeError("conflict", "The run has not begun.");
    run.events.add(events);
    wake(run);
  }

  async finish(key: RunKey, { holder, first, status, events }: RunEnd, options?: CallOptions): Promise<RunRecord> {
    this.#lifetime.assertOpen(options);
    const run = this.#writable(key, { holder, first });
    run.events.add(events, true);
    run.status = status;
    run.request = undefined;
    run.endedAt = this.#now();
    this.#leave(run);
    this.#finished.add(run);
    this.#finishedSize += sizeOf(run);
    wake(run);
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
    const wanted = ([, { facts, status: actual }]: Numbered<Run>): boolean =>
      (sessionId === undefined || facts.sessionId === sessionId) && (status === undefined || actual === status);
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
    if (run.endedAt === undefined) this.#leave(run);
    this.#forget(run);
    run.deleted = true;
    wake(run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    const runs = [...this.#owners.values()].flatMap(({ byId }) => [...byId.values()]);
    for (const run of runs) wake(run);
    this.#owners.clear();
    this.#lines.clear();
    this.#held.clear();
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
          if (run !== undefined) run.readers += 1;
          if (run !== undefined && !follow) end = run.events.count;
        }
        if (run === undefined || run.deleted) throw noSuchRun();
        const batch = run.events.batch(next, end);
        next += batch.length;
        if (batch.length > 0) return { done: false, value: batch };
        if (!follow || run.endedAt !== undefined) return { done: true, value: undefined };
        run.waiting ??= new Set();
        run.waiting.add(reader);
        return undefined;
      },
      onEnd: () => {
        if (run === undefined) return;
        run.readers -= 1;
        run.waiting?.delete(reader);
      },
    });
    return reader;
  }

  #find({ ownerId, runId }: RunKey): Run | undefined {
    return this.#owners.get(ownerId)?.byId.get(runId);
  }

  #unfinished(key: RunKey): Run {
    const run = this.#find(key);
    if (run === undefined) throw noSuchRun();
    if (run.endedAt === undefined) return run;
    const { status, events } = run;
    throw new RuntimeError("conflict", "The run is finished.", { details: { status, eventCount: events.count } });
  }

  /** The run, when its holder may add an event of this number to it. */
  #writable(key: RunKey, { holder, first }: Pick<RunWrite, "holder" | "first">): Run {
    const run = this.#unfinished(key);
    assertHeld(run, holder);
    const eventCount = run.events.count;
    if (first === eventCount) return run;
    throw new RuntimeError("conflict", "This is not the run's next event.", { details: { first, eventCount } });
  }

  #lineOf(key: RunLine): Line {
    const name = nameOf(key);
    let line = this.#lines.get(name);
    if (line === undefined) {
      line = { name, runs: new Set() };
      this.#lines.set(name, line);
    }
    return line;
  }

  #hold(run: Run, holder: string | undefined): void {
    const held = this.#held.get(holder);
    if (held === undefined) this.#held.set(holder, new Set([run]));
    else held.add(run);
  }

  #letGo(run: Run): void {
    const held = this.#held.get(run.holder);
    held?.delete(run);
    if (held?.size === 0) this.#held.delete(run.holder);
  }

  /** Out of its line and its holder's hands, when it has ended. */
  #leave(run: Run): void {
    this.#letGo(run);
    const { line } = run;
    if (line === undefined) return;
    line.runs.delete(run);
    if (line.runs.size === 0) this.#lines.delete(line.name);
    run.line = undefined;
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
    if (this.#finished.delete(run)) this.#finishedSize -= sizeOf(run);
    run.events.leave({ keep: run.readers > 0 });
  }
}

/** Each reader takes all that is there before it waits again. */
function wake(run: Run): void {
  const { waiting } = run;
  run.waiting = undefined;
  for (const reader of waiting ?? []) reader.wake();
}

function assertHeld(run: Run, holder: string | undefined): void {
  if (run.holder !== holder) throw new RuntimeError("conflict", "Somebody else holds the run.");
}

function sizeOf({ events, note }: Run): number {
  return events.length + (note?.length ?? 0);
}

function nameOf({ ownerId, userId, sessionId }: RunLine): string {
  return JSON.stringify([ownerId, userId, sessionId]);
}

function toRecord({ key, facts, holder, status, createdAt, endedAt, events }: Run): RunRecord {
  return { ...key, ...facts, holder, status, createdAt, endedAt, eventCount: events.count };
}

function noSuchRun(): RuntimeError {
  return new RuntimeError("not_found", "There is no such run.");
}
