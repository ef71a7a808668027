import { setTimeout as sleep } from "node:timers/promises";
import { isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest, MultitaskStrategy, OnDisconnect } from "@agentscope-runtime/protocol";
import { sha256 } from "@agentscope-runtime/services";
import type {
  CallOptions,
  NewRun,
  Page,
  RunKey,
  RunListOptions,
  RunReadOptions,
  RunRecord,
} from "@agentscope-runtime/services";
import { adoptRun } from "./adopt-run.ts";
import type { Approvals, GrantedApproval } from "./approvals.ts";
import { createRun, forgetRun, isThere } from "./create-run.ts";
import type { RunBooks } from "./create-run.ts";
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
import { RunReading } from "./run-reading.ts";
import type { ReadingHost } from "./run-reading.ts";
import { RunStopper } from "./run-stopper.ts";
import { runsBefore } from "./run-turns.ts";
import type { Runner } from "./runner.ts";
import { encodeStoredRun } from "./stored-run.ts";
import type { StoredRun } from "./stored-run.ts";

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
  /** Whether the request's id was made for it, and cannot be repeated. A request without one gets such an id. */
  readonly hasNewId?: boolean | undefined;
  /** For the protocol that asks, as long as the run. */
  readonly note?: string | undefined;
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
/** How long a caller waits for a replica that is not ready. */
const readyMs = 10_000;

/** Every run of an app, whichever door it came in by and whichever replica has it. */
export class Runs implements AsyncDisposable {
  readonly #options: RunsOptions;
  readonly #replica: Replica;
  readonly #live: LiveRuns;
  readonly #remoteReaders: RemoteReaders;
  readonly #books: RunBooks;
  readonly #stopper: RunStopper;
  readonly #readingHost: ReadingHost;
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
    this.#books = { runLog: log, live: this.#live, logger: options.logger };
    this.#stopper = new RunStopper({ ...this.#books, replica: this.#replica, adopt: async (run) => this.#adopt(run) });
    this.#readingHost = {
      runLog: log,
      find: (key) => this.#live.find(key),
      announce: (key, reader) => this.#announce(key, reader),
      count: (change) => {
        this.#reading += change;
        if (this.#reading === 0) this.#onAllRead?.();
      },
    };
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
    const hasNewId = start.hasNewId ?? start.request.id === null;
    const request = prepareRequest(start.request, identity);
    const key = { ownerId: ownerOf(identity), runId: request.id };
    const requestHash = hasNewId ? "" : hashOf(agent, start.request);
    // Whoever lost the first answer gets back to its run, also when there is no room, or no time, for a new one.
    if (requestHash !== "" && (await isThere(this.#options.runLog, key, requestHash))) {
      this.#attach(key, start.reader);
      return key;
    }
    if (this.problem !== undefined) await this.#replica.ready(readyMs);
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
      note: start.note,
      holder: this.#replica.name,
      deferred: mergeMs !== undefined,
    };
    const record = await createRun(this.#books, key, newRun);
    if (record !== undefined) {
      if (record.status === "queued") await this.#queue(record, strategy);
      this.#live.launch(record, stored);
    }
    this.#attach(key, start.reader);
    return key;
  }

  /** The run's events; with `follow`, live. Whoever follows counts as a reader of the run until its signal aborts. */
  read(key: RunKey, options: RunReadOptions = {}): RunReading {
    return new RunReading(this.#readingHost, key, options);
  }

  /** `not_found` when there is none, or when it is another owner's. */
  async get(key: RunKey, options?: CallOptions): Promise<RunRecord> {
    const record = await this.find(key, options);
    if (record === undefined) throw new RuntimeError("not_found", `There is no run ${key.runId}.`);
    return record;
  }

  async note(key: RunKey, options?: CallOptions): Promise<string | undefined> {
    return this.#options.runLog.note(key, options);
  }

  /** Undefined when there is none, or when it is another owner's. */
  async find(key: RunKey, options?: CallOptions): Promise<RunRecord | undefined> {
    return this.#options.runLog.get(key, options);
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
    await this.#stopper.stop(key, new RuntimeError("canceled", "The run was canceled."), options);
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

  /** Counts a reader of a run that is elsewhere. Returns what to call when it leaves, if anything. */
  async #announce(key: RunKey, reader: AbortSignal | undefined): Promise<(() => void) | undefined> {
    if (!this.#options.shared) return undefined;
    const { status, holder } = await this.get(key, { signal: reader });
    if (isTerminalStatus(status) || holder === undefined || holder === this.#replica.name) return undefined;
    return this.#remoteReaders.announce(key, holder, reader);
  }

  /** What a new run does about those before it in its session. Throws when it may not wait, and forgets it. */
  async #queue(record: RunRecord, strategy: MultitaskStrategy): Promise<void> {
    const { maxQueuedRuns, logger } = this.#options;
    const before = await this.#before(record);
    const [first] = before;
    if (first === undefined) return;
    if (strategy === "reject" || before.length > maxQueuedRuns) {
      await forgetRun(this.#books, record);
      throw busy(record, { running: first.runId, full: strategy !== "reject" });
    }
    if (strategy !== "interrupt" && strategy !== "rollback") return;
    const reason =
      strategy === "rollback" ? rollback() : new RuntimeError("canceled", "A later message interrupted this one.");
    for (const run of before) {
      this.#stopper.stop(run, reason).catch((thrown: unknown) => {
        logger.warn({ err: thrown, runId: run.runId }, "The run could not be interrupted.");
      });
    }
  }

  async #before(record: RunRecord): Promise<readonly RunRecord[]> {
    try {
      return await runsBefore(this.#options.runLog, record, record);
    } catch (thrown) {
      void forgetRun(this.#books, record);
      throw thrown;
    }
  }

  async #adopt(record: RunRecord): Promise<void> {
    const { agents } = this.#options;
    if (!this.#accepting || agents.get(record.agent)?.started !== true) return;
    await adoptRun({ ...this.#books, agents, holder: this.#replica.name }, record);
  }

  #hear(message: ReplicaMessage): void {
    if (message.type === "stop") this.#live.find(message.key)?.stop(RuntimeError.fromInfo(message.reason));
    else if (message.type === "reader") this.#remoteReaders.hear(message);
    else void this.#replica.sweep();
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
  return sha256(JSON.stringify([agent, asked]));
}
