import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest, OnDisconnect } from "@agentscope-runtime/protocol";
import type {
  CallOptions,
  NewRun,
  Page,
  RunEntry,
  RunKey,
  RunListOptions,
  RunLog,
  RunReadOptions,
  RunRecord,
} from "@agentscope-runtime/services";
import type { Identity } from "./identity.ts";
import { LiveRun } from "./live-run.ts";
import type { Logger } from "./logger.ts";
import { prepareRequest } from "./prepare-request.ts";
import type { Runner } from "./runner.ts";

export interface RunsOptions {
  readonly log: RunLog;
  readonly logger: Logger;
  readonly maxConcurrentRuns: number;
  readonly maxRunLength: number;
}

export interface RunStart {
  readonly agent: string;
  readonly runner: Runner;
  readonly request: AgentRequest;
  /** Undefined without authentication: whoever asks is believed. */
  readonly identity: Identity | undefined;
  readonly traceparent: string | undefined;
  /** Where the request does not say. */
  readonly onDisconnect: OnDisconnect;
  /** The first reader, the one who asked: gone when this aborts. */
  readonly reader: AbortSignal | undefined;
}

/** Runs without authentication share one owner; their ids are as secret as they are made. */
const anybody = "anybody";

export function ownerOf(identity: Identity | undefined): string {
  return identity?.userId ?? anybody;
}

const lastReadMs = 2_000;

/** Every run of an app, whichever door it came in by. */
export class Runs {
  readonly #options: RunsOptions;
  readonly #live = new Map<string, LiveRun>();
  readonly #ended = new Map<string, Map<string, number>>();
  #accepting = true;
  #reading = 0;
  #onAllRead: (() => void) | undefined;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** How many are under way in this process. */
  get active(): number {
    return this.#live.size;
  }

  /** How many have ended since the start, by agent and status. */
  get ended(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#ended;
  }

  /**
   * Begins a run and returns at once. A request whose id its owner has used already attaches to that run when it is the
   * same request, and is a `conflict` when it is another.
   */
  async start(start: RunStart): Promise<RunKey> {
    const { agent, runner, identity, traceparent } = start;
    const request = prepareRequest(start.request, identity);
    const key = { ownerId: ownerOf(identity), runId: request.id };
    // A fresh id cannot be repeated.
    const requestHash = start.request.id === null ? "" : hashOf(agent, start.request);
    // Whoever lost the first answer gets back to its run, also when there is no room, or no time, for a new one.
    if (requestHash !== "" && (await this.#isThere(key, requestHash))) {
      this.#attach(key, start.reader);
      return key;
    }
    if (!this.#accepting) throw new RuntimeError("unavailable", "The server is shutting down: try another replica.");
    if (!runner.started) throw new RuntimeError("unavailable", "The agent is not started yet.");
    const { maxConcurrentRuns, log, logger, maxRunLength } = this.#options;
    if (this.#live.size >= maxConcurrentRuns) {
      throw new RuntimeError("resource_exhausted", `The server runs ${maxConcurrentRuns} agents already.`, {
        details: { maxConcurrentRuns },
      });
    }
    const run = { agent, sessionId: request.session_id, userId: request.user_id, requestHash };
    if (!(await this.#create(key, run))) {
      this.#attach(key, start.reader);
      return key;
    }
    const onDisconnect = request.on_disconnect ?? start.onDisconnect;
    const live = new LiveRun({ key, log, logger, onDisconnect, maxRunLength }, async (emit, signal) => {
      const asker = identity ?? { userId: request.user_id };
      await runner.execute(request, { agent, identity: asker, traceparent, signal }, emit);
    });
    const id = liveId(key);
    this.#live.set(id, live);
    void live.ended.then(() => {
      this.#live.delete(id);
      this.#count(agent, live);
    });
    if (start.reader !== undefined) live.addReader(start.reader);
    return key;
  }

  /** The run's events; with `follow`, live. Whoever follows counts as a reader of the run until its signal aborts. */
  async *read(key: RunKey, options: RunReadOptions = {}): AsyncGenerator<readonly RunEntry[], void, undefined> {
    if (options.follow === true) this.#attach(key, options.signal);
    this.#reading += 1;
    try {
      yield* this.#options.log.read(key, options);
    } finally {
      this.#reading -= 1;
      if (this.#reading === 0) this.#onAllRead?.();
    }
  }

  /** `not_found` when there is none, or when it is another owner's. */
  async get(key: RunKey, options?: CallOptions): Promise<RunRecord> {
    const record = await this.#options.log.get(key, options);
    if (record === undefined) throw new RuntimeError("not_found", `There is no run ${key.runId}.`);
    return record;
  }

  async list(ownerId: string, options?: RunListOptions): Promise<Page<RunRecord>> {
    return this.#options.log.list(ownerId, options);
  }

  /** Stops a run and resolves when its agent has stopped. A run that has ended stays as it ended. */
  async cancel(key: RunKey, options?: CallOptions): Promise<RunRecord> {
    const record = await this.get(key, options);
    if (isTerminalStatus(record.status)) return record;
    const run = this.#live.get(liveId(key));
    if (run === undefined) throw new RuntimeError("unavailable", `Run ${key.runId} is not running on this replica.`);
    run.stop(new RuntimeError("canceled", "The run was canceled."));
    await run.ended;
    return this.get(key, options);
  }

  /**
   * Takes no more runs, lets those under way finish within the budget, then cancels them and waits until they stopped.
   * Readers get a moment to read the end.
   */
  async drain(budgetMs: number): Promise<void> {
    this.#accepting = false;
    const rest = Promise.all(Array.from(this.#live.values(), ({ ended }) => ended));
    await within(budgetMs, rest);
    for (const run of this.#live.values()) run.stop(new RuntimeError("canceled", "The server is shutting down."));
    await rest;
    if (this.#reading === 0) return;
    const { promise: allRead, resolve } = Promise.withResolvers<undefined>();
    this.#onAllRead = () => {
      resolve(undefined);
    };
    await within(lastReadMs, allRead);
  }

  #attach(key: RunKey, reader: AbortSignal | undefined): void {
    if (reader !== undefined) this.#live.get(liveId(key))?.addReader(reader);
  }

  /** False when the run is there already, from the same request. */
  async #create(key: RunKey, run: NewRun): Promise<boolean> {
    try {
      await this.#options.log.create(key, run);
      return true;
    } catch (thrown) {
      // Another request of this id was faster.
      if (RuntimeError.is(thrown) && thrown.code === "conflict" && (await this.#isThere(key, run.requestHash)))
        return false;
      throw thrown;
    }
  }

  /** Whether the same request has begun this run. `conflict` when another one has. */
  async #isThere(key: RunKey, requestHash: string): Promise<boolean> {
    const known = await this.#options.log.get(key);
    if (known === undefined || known.requestHash === requestHash) return known !== undefined;
    throw new RuntimeError("conflict", `The id ${key.runId} belongs to another request: send a new id.`, {
      details: { field: "id" },
    });
  }

  #count(agent: string, { status }: LiveRun): void {
    const byStatus = this.#ended.get(agent) ?? new Map<string, number>();
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    this.#ended.set(agent, byStatus);
  }
}

/** Resolves when the work is done, or when its time is over. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, sleep(ms, undefined, { signal: done.signal })]);
  done.abort();
}

function liveId({ ownerId, runId }: RunKey): string {
  return JSON.stringify([ownerId, runId]);
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
