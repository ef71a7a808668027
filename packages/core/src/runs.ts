import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeJson, isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest, MultitaskStrategy, OnDisconnect } from "@agentscope-runtime/protocol";
import type {
  CallOptions,
  NewRun,
  Page,
  RunEntry,
  RunKey,
  RunListOptions,
  RunReadOptions,
  RunRecord,
} from "@agentscope-runtime/services";
import type { Approvals, GrantedApproval } from "./approvals.ts";
import { buryRun } from "./bury.ts";
import type { Identity } from "./identity.ts";
import { incompleteFor } from "./incomplete-for.ts";
import { LiveRuns } from "./live-runs.ts";
import type { Logger } from "./logger.ts";
import { mergeIntoWaiting } from "./merge-run.ts";
import { prepareRequest } from "./prepare-request.ts";
import { RemoteReaders } from "./remote-readers.ts";
import { Replica } from "./replica.ts";
import type { ReplicaMessage } from "./replica-message.ts";
import { rollback } from "./rollback.ts";
import type { RunServices } from "./run-services.ts";
import { runsBefore, waitForEnd } from "./run-turns.ts";
import type { Runner } from "./runner.ts";
import { decodeStoredRun, encodeStoredRun } from "./stored-run.ts";
import type { StoredRun } from "./stored-run.ts";
import { writeDurably } from "./write-durably.ts";

export interface RunsOptions extends RunServices {
  readonly agents: ReadonlyMap<string, Runner>;
  readonly approvals: Approvals;
  readonly logger: Logger;
  /** Whether another replica, or this one after a restart, finds what is handed over. */
  readonly shared: boolean;
  readonly heartbeatMs: number;
  readonly patienceMs: number | undefined;
  readonly maxConcurrentRuns: number;
  readonly maxQueuedRuns: number;
  readonly maxRunLength: number;
}

export interface RunStart {
  readonly agent: string;
  readonly request: AgentRequest;
  /** Undefined without authentication: whoever asks is believed. */
  readonly identity: Identity | undefined;
  readonly traceparent: string | undefined;
  /** Where the request does not say. */
  readonly onDisconnect: OnDisconnect;
  readonly multitaskStrategy: MultitaskStrategy;
  /** The decisions that the request brings. */
  readonly approvals?: readonly GrantedApproval[] | undefined;
  /** The first reader, the one who asked: gone when this aborts. */
  readonly reader: AbortSignal | undefined;
}

/** Runs without authentication share one owner; their ids are as secret as they are made. */
const anybody = "anybody";

export function ownerOf(identity: Identity | undefined): string {
  return identity?.userId ?? anybody;
}

const lastReadMs = 2_000;
/** How long a caller waits for a log that is away, and how long what it left there is cleaned up. */
const createPatienceMs = 10_000;
const forgetPatienceMs = 600_000;
/** How long the holder of a run may take to hear that it shall stop, before it is told again. */
const tellAgainMs = 1_000;

/** Every run of an app, whichever door it came in by and whichever replica has it. */
export class Runs implements AsyncDisposable {
  readonly #options: RunsOptions;
  readonly #replica: Replica;
  readonly #live: LiveRuns;
  readonly #remoteReaders: RemoteReaders;
  #accepting = true;
  #reading = 0;
  #onAllRead: (() => void) | undefined;

  constructor(options: RunsOptions) {
    this.#options = options;
    const { heartbeatMs, runLog: log } = options;
    this.#replica = new Replica({
      ...options,
      onMessage: (message) => {
        this.#hear(message);
      },
      onOrphan: async (run) => this.#adopt(run),
      onLost: () => {
        for (const run of this.#live.all()) run.stop(new RuntimeError("unavailable", "The run was taken over."));
      },
    });
    this.#live = new LiveRuns({ ...options, log, holder: this.#replica.name });
    this.#remoteReaders = new RemoteReaders({
      heartbeatMs,
      replica: this.#replica,
      onReader: (key, signal) => {
        this.#live.find(key)?.addReader(signal);
      },
    });
  }

  /** How many are under way in this process. */
  get active(): number {
    return this.#live.size;
  }

  /** How many have ended since the start, by agent and status. */
  get ended(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#live.ended;
  }

  /** Why no run can begin, or undefined. */
  get problem(): string | undefined {
    return this.#replica.problem;
  }

  /** Joins the replicas. Goes on trying when the services cannot be reached. */
  async open(): Promise<void> {
    await this.#replica.start();
    // What was left behind by a replica that is gone need not wait for the first heartbeat.
    void this.#replica.sweep();
  }

  /** Leaves the replicas. Drain before. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#remoteReaders[Symbol.dispose]();
    await this.#replica[Symbol.asyncDispose]();
  }

  /**
   * Begins a run, or queues it behind those of its session, and returns at once. A request whose id its owner has used
   * already attaches to that run when it is the same request, and is a `conflict` when it is another.
   */
  async start(start: RunStart): Promise<RunKey> {
    const { agent, identity, traceparent, approvals } = start;
    const request = prepareRequest(start.request, identity);
    const key = { ownerId: ownerOf(identity), runId: request.id };
    // A fresh id cannot be repeated.
    const requestHash = start.request.id === null ? "" : hashOf(agent, start.request);
    // Whoever lost the first answer gets back to its run, also when there is no room, or no time, for a new one.
    if (requestHash !== "" && (await this.#isThere(key, requestHash))) {
      this.#attach(key, start.reader);
      return key;
    }
    if (this.problem !== undefined) await this.#replica.ready(createPatienceMs);
    this.#assertRoom(agent);
    const strategy = request.multitask_strategy ?? start.multitaskStrategy;
    const mergeMs = typeof strategy === "object" ? strategy.merge : undefined;
    const onDisconnect = request.on_disconnect ?? start.onDisconnect;
    const stored: StoredRun = { request, identity, traceparent, onDisconnect, mergeMs, approvals };
    const line = { ownerId: key.ownerId, userId: request.user_id, sessionId: request.session_id };
    if (mergeMs !== undefined) {
      const maxLength = this.#options.maxRunLength;
      const merged = await mergeIntoWaiting(this.#options.runLog, { line, agent, added: stored, maxLength });
      if (merged !== undefined) {
        this.#attach(merged, start.reader);
        return merged;
      }
    }
    const newRun: NewRun = {
      agent,
      sessionId: line.sessionId,
      userId: line.userId,
      requestHash,
      // Nobody but this process will run what nobody else can find, and it has it already.
      request: this.#options.shared || mergeMs !== undefined ? encodeStoredRun(stored) : "",
      holder: this.#replica.name,
      deferred: mergeMs !== undefined,
    };
    const record = await this.#create(key, newRun);
    if (record !== undefined) {
      if (record.status === "queued") await this.#queue(record, strategy);
      this.#live.launch(record, stored);
    }
    this.#attach(key, start.reader);
    return key;
  }

  /** The run's events; with `follow`, live. Whoever follows counts as a reader of the run until its signal aborts. */
  async *read(key: RunKey, options: RunReadOptions = {}): AsyncGenerator<readonly RunEntry[], void, undefined> {
    const leave = options.follow === true ? await this.#follow(key, options.signal) : undefined;
    this.#reading += 1;
    try {
      yield* this.#options.runLog.read(key, options);
    } finally {
      leave?.();
      this.#reading -= 1;
      if (this.#reading === 0) this.#onAllRead?.();
    }
  }

  /** `not_found` when there is none, or when it is another owner's. */
  async get(key: RunKey, options?: CallOptions): Promise<RunRecord> {
    const record = await this.#options.runLog.get(key, options);
    if (record === undefined) throw new RuntimeError("not_found", `There is no run ${key.runId}.`);
    return record;
  }

  async list(ownerId: string, options?: RunListOptions): Promise<Page<RunRecord>> {
    return this.#options.runLog.list(ownerId, options);
  }

  /**
   * Stops a run, on whichever replica it is, and resolves when its agent has stopped. A run that has ended stays as it
   * ended.
   */
  async cancel(key: RunKey, options?: CallOptions): Promise<RunRecord> {
    await this.get(key, options);
    await this.#stop(key, new RuntimeError("canceled", "The run was canceled."), options);
    return this.get(key, options);
  }

  /** Stops a run and forgets it with its events. */
  async delete(key: RunKey, options?: CallOptions): Promise<void> {
    await this.cancel(key, options);
    await this.#options.runLog.delete(key, options);
  }

  /**
   * Takes no more runs, hands over those that have not begun where another replica can find them, and lets those under
   * way finish within the budget; what is left then ends `incomplete`, to be continued in its session. Readers get a
   * moment to read the end.
   */
  async drain(budgetMs: number): Promise<void> {
    this.#accepting = false;
    const runs = this.#live.all();
    if (this.#options.shared) {
      const waiting = runs.filter(({ status }) => status === "queued");
      for (const run of waiting) run.handOver();
      await Promise.all(waiting.map(({ ended }) => ended));
      if (waiting.length > 0) await this.#replica.send(undefined, { type: "handed-over" }).catch(() => undefined);
    }
    const rest = Promise.all(runs.map(({ ended }) => ended));
    await within(budgetMs, rest);
    for (const run of runs) run.stop(incompleteFor("shutdown"));
    await rest;
    if (this.#reading === 0) return;
    const { promise: allRead, resolve } = Promise.withResolvers<undefined>();
    this.#onAllRead = () => {
      resolve(undefined);
    };
    await within(lastReadMs, allRead);
  }

  #assertRoom(agent: string): void {
    const { agents, maxConcurrentRuns } = this.#options;
    if (!this.#accepting) throw new RuntimeError("unavailable", "The server is shutting down: try another replica.");
    if (this.problem !== undefined) throw new RuntimeError("unavailable", `No run can begin: ${this.problem}`);
    if (agents.get(agent)?.started !== true) throw new RuntimeError("unavailable", "The agent is not started yet.");
    if (this.#live.size < maxConcurrentRuns) return;
    throw new RuntimeError("resource_exhausted", `The server runs ${maxConcurrentRuns} agents already.`, {
      details: { maxConcurrentRuns },
    });
  }

  #attach(key: RunKey, reader: AbortSignal | undefined): void {
    if (reader !== undefined) this.#live.find(key)?.addReader(reader);
  }

  /** Counts a reader where the run is. Returns what to call when it leaves, if anything. */
  async #follow(key: RunKey, reader: AbortSignal | undefined): Promise<(() => void) | undefined> {
    const live = this.#live.find(key);
    if (live !== undefined) {
      if (reader !== undefined) live.addReader(reader);
      return undefined;
    }
    if (!this.#options.shared) return undefined;
    const { status, holder } = await this.get(key, { signal: reader });
    if (isTerminalStatus(status) || holder === undefined || holder === this.#replica.name) return undefined;
    return this.#remoteReaders.announce(key, holder, reader);
  }

  /**
   * Undefined when the run is there already, from the same request. While the log is away it is tried again; when it
   * stays away nothing has begun.
   */
  async #create(key: RunKey, run: NewRun): Promise<RunRecord | undefined> {
    const { runLog } = this.#options;
    let record: RunRecord | undefined;
    // The answer to a creation may be lost with the connection: then the run is there, and nobody has it.
    const isDone = async (): Promise<boolean> => {
      const known = await runLog.get(key);
      const lost = known?.holder === run.holder && known.requestHash === run.requestHash && known.eventCount === 0;
      if (!lost || this.#live.find(key) !== undefined) return false;
      record = known;
      return true;
    };
    const create = async (): Promise<void> => {
      record = await runLog.create(key, run);
    };
    try {
      await writeDurably(create, { isDone, patienceMs: createPatienceMs });
      return record;
    } catch (thrown) {
      if (!RuntimeError.is(thrown)) throw thrown;
      if (thrown.code === "unavailable") this.#forget(key);
      // Another request of this id was faster.
      if (thrown.code === "conflict" && (await this.#isThere(key, run.requestHash))) return undefined;
      throw thrown;
    }
  }

  /** Deletes what was created for a caller who was told that it was not, as soon as the log is back. */
  #forget(key: RunKey): void {
    const { runLog, logger } = this.#options;
    const isDone = (): Promise<boolean> => Promise.resolve(this.#live.find(key) !== undefined);
    writeDurably(() => runLog.delete(key), { isDone, patienceMs: forgetPatienceMs }).catch((thrown: unknown) => {
      logger.error({ err: thrown, runId: key.runId }, "A run that never began could not be deleted.");
    });
  }

  /** Whether the same request has begun this run. `conflict` when another one has. */
  async #isThere(key: RunKey, requestHash: string): Promise<boolean> {
    const known = await this.#options.runLog.get(key);
    if (known === undefined || known.requestHash === requestHash) return known !== undefined;
    throw new RuntimeError("conflict", `The id ${key.runId} belongs to another request: send a new id.`, {
      details: { field: "id" },
    });
  }

  /** What a new run does about those before it in its session. Throws when it may not wait, and forgets it. */
  async #queue(record: RunRecord, strategy: MultitaskStrategy): Promise<void> {
    const { maxQueuedRuns, logger } = this.#options;
    const before = await this.#before(record);
    const [first] = before;
    if (first === undefined) return;
    if (strategy === "reject" || before.length > maxQueuedRuns) {
      this.#forget(record);
      throw busy(record, { running: first.runId, full: strategy !== "reject" });
    }
    if (strategy !== "interrupt" && strategy !== "rollback") return;
    const reason =
      strategy === "rollback" ? rollback() : new RuntimeError("canceled", "A later message interrupted this one.");
    for (const run of before) {
      this.#stop(run, reason).catch((thrown: unknown) => {
        logger.warn({ err: thrown, runId: run.runId }, "The run could not be interrupted.");
      });
    }
  }

  async #before(record: RunRecord): Promise<readonly RunRecord[]> {
    try {
      return await runsBefore(this.#options.runLog, record, record);
    } catch (thrown) {
      this.#forget(record);
      throw thrown;
    }
  }

  /** Stops a run wherever it is. Resolves when it has ended. */
  async #stop({ ownerId, runId }: RunKey, reason: RuntimeError, options: CallOptions = {}): Promise<void> {
    const key = { ownerId, runId };
    const live = this.#live.find(key);
    if (live !== undefined) {
      live.stop(reason);
      await live.ended;
      return;
    }
    const { runLog } = this.#options;
    const done = new AbortController();
    const signal = options.signal === undefined ? done.signal : AbortSignal.any([done.signal, options.signal]);
    const ended = waitForEnd(runLog, key, { signal }).finally(() => {
      done.abort();
    });
    const telling = this.#keepTelling(key, reason, signal);
    await ended;
    await telling;
  }

  /** Tells the run's holder, whoever that is by now, until the signal aborts. */
  async #keepTelling(key: RunKey, reason: RuntimeError, signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    while (!signal.aborted) {
      await this.#tellToStop(key, reason).catch((thrown: unknown) => {
        logger.warn({ err: thrown, runId: key.runId }, "The run's replica could not be told to stop.");
      });
      await sleep(tellAgainMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #tellToStop(key: RunKey, reason: RuntimeError): Promise<void> {
    const record = await this.#options.runLog.get(key);
    if (record === undefined || isTerminalStatus(record.status)) return;
    if (record.holder !== undefined && record.holder !== this.#replica.name) {
      await this.#replica.send(record.holder, { type: "stop", key, reason: reason.toJSON() });
      return;
    }
    if (record.holder === undefined) await this.#adopt(record);
    this.#live.find(key)?.stop(reason);
  }

  #hear(message: ReplicaMessage): void {
    if (message.type === "stop") this.#live.find(message.key)?.stop(RuntimeError.fromInfo(message.reason));
    else if (message.type === "reader") this.#remoteReaders.hear(message);
    else void this.#replica.sweep();
  }

  /** Takes over an unfinished run that nobody looks after: one that has not begun is run, one that has is ended. */
  async #adopt(record: RunRecord): Promise<void> {
    const { runLog, agents, logger } = this.#options;
    const { ownerId, runId, agent, holder } = record;
    const key = { ownerId, runId };
    if (!this.#accepting || agents.get(agent)?.started !== true) return;
    try {
      const claimed = await runLog.claim(key, { from: holder, to: this.#replica.name });
      try {
        const text = await runLog.request(key);
        if (text === undefined) return;
        const stored = decodeStoredRun(text);
        if (claimed.status === "queued") this.#live.launch(claimed, stored);
        else await this.#bury(claimed, stored);
      } catch (thrown) {
        await runLog.claim(key, { from: this.#replica.name, to: undefined }); // For the next one who looks.
        throw thrown;
      }
    } catch (thrown) {
      // Another replica was faster, or it has ended meanwhile.
      if (RuntimeError.is(thrown) && (thrown.code === "conflict" || thrown.code === "not_found")) return;
      logger.error({ err: thrown, runId }, "An orphaned run could not be taken care of.");
    }
  }

  /** Ends a run whose agent is gone. What was said so far stays in its session. */
  async #bury(record: RunRecord, { request }: StoredRun): Promise<void> {
    const { runLog, agents, logger } = this.#options;
    const { output, events } = await buryRun(runLog, record);
    const runner = agents.get(record.agent);
    if (runner !== undefined && !(await runner.remembers(request))) await runner.remember(request, output);
    const end = { holder: this.#replica.name, first: record.eventCount, status: "failed" } as const;
    await runLog.finish(record, { ...end, events: events.map(encodeJson) });
    logger.warn({ runId: record.runId }, "A run has failed, since its replica is gone.");
  }
}

function busy({ sessionId }: RunRecord, { running, full }: { running: string; full: boolean }): RuntimeError {
  const details = { field: "session_id", runId: running };
  if (full)
    return new RuntimeError("resource_exhausted", `Too many messages wait in session ${sessionId}.`, { details });
  return new RuntimeError("conflict", `Session ${sessionId} is busy with run ${running}: wait, or cancel it.`, {
    details,
  });
}

/** Resolves when the work is done, or when its time is over. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, sleep(ms, undefined, { signal: done.signal })]);
  done.abort();
}

/**
 * Of what the agent is asked, and not of how the caller listens. Message ids are left out too: those that the caller did
 * not send were made here, and differ each time.
 */
function hashOf(agent: string, request: AgentRequest): string {
  const input = request.input.map((message) => ({ ...message, id: undefined }));
  const asked = { ...request, input, stream: undefined, on_disconnect: undefined };
  return createHash("sha256")
    .update(JSON.stringify([agent, asked]))
    .digest("base64url");
}
