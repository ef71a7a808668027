import { createHash } from "node:crypto";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { Lifetime } from "@agentscope-runtime/services";
import type {
  CallOptions,
  Change,
  NewRun,
  Page,
  PageOptions,
  RunEnd,
  RunEntry,
  RunKey,
  RunLine,
  RunListOptions,
  RunLog,
  RunReadOptions,
  RunRecord,
  RunWrite,
} from "@agentscope-runtime/services";
import { Chore } from "./chore.ts";
import type { Database } from "./database.ts";
import { Leavable } from "./leavable.ts";
import { PageRequest } from "./page-request.ts";
import { followRun, readRun } from "./read-run.ts";
import { largestPiece, toEventsText } from "./run-events-text.ts";
import type { RunFeed } from "./run-feed.ts";
import { greatestNumber, noSuchRun, RunFeeds } from "./run-feeds.ts";
import { runStatements, toRunRecord } from "./run-statements.ts";
import type { RunRow, RunStatements } from "./run-statements.ts";
import { toKey } from "./to-key.ts";
import { fromText, toText } from "./to-text.ts";

export interface PostgresRunLogOptions {
  /** Yours: it is not closed. */
  readonly database: Database;
  /** How long finished runs are remembered, in milliseconds. Default 7 days. */
  readonly keepFinishedMs?: number | undefined;
}

interface BeginRow {
  readonly holder: string | null;
  readonly ended_at: number | null;
  readonly begun: boolean;
  readonly request: string | null;
}

const dayMs = 86_400_000;
/** How often finished runs are looked for that have been remembered for long enough, and how many go at a time. */
const pruneEveryMs = 60_000;
const prunedAtOnce = 200;

/**
 * Runs in one table and their events in another, a row for what was written at once.
 *
 * Who follows a run that is written through the same instance is handed its events when they are committed. Only for a run
 * that another replica follows does a write also `NOTIFY`.
 */
export class PostgresRunLog implements RunLog {
  readonly #lifetime = new Lifetime("PostgresRunLog");
  readonly #database: Database;
  readonly #statements: RunStatements;
  readonly #feeds: RunFeeds;
  readonly #readers = new Set<Leavable<readonly RunEntry[]>>();
  readonly #pruning: Chore;

  constructor({ database, keepFinishedMs = 7 * dayMs }: PostgresRunLogOptions) {
    this.#database = database;
    this.#statements = runStatements(database.quotedSchema, database.schema);
    this.#feeds = new RunFeeds(database, this.#statements);
    this.#pruning = new Chore(() => this.#prune(keepFinishedMs), pruneEveryMs);
  }

  create({ ownerId, runId }: RunKey, run: NewRun, options?: CallOptions): Promise<RunRecord> {
    return this.#lifetime.call(options, async () => {
      const { agent, sessionId, userId, requestHash, request, note, holder, deferred = false } = run;
      const line = keyOfLine({ ownerId, userId, sessionId });
      const keys = [keyOf({ ownerId, runId }), toKey(ownerId), keyOfSession(ownerId, sessionId), line, toKey(holder)];
      const texts = [ownerId, runId, agent, sessionId, userId, requestHash, request, holder].map(toText);
      const noted = note === undefined ? null : toText(note);
      const values = [this.#lockOf(line), ...keys, ...texts, deferred, this.#database.id, noted];
      const [row] = await this.#database.query<RunRow>(this.#statements.create, values, options);
      if (row === undefined) throw new RuntimeError("conflict", "There is a run of this id already.");
      return toRunRecord(row);
    });
  }

  line(line: RunLine, options?: CallOptions): Promise<readonly RunRecord[]> {
    return this.#lifetime.call(options, async () => {
      const rows = await this.#database.query<RunRow>(this.#statements.line, [keyOfLine(line)], options);
      return rows.map(toRunRecord);
    });
  }

  begin(key: RunKey, holder: string, options?: CallOptions): Promise<string | undefined> {
    return this.#lifetime.call(options, async () => {
      const values = [keyOf(key), toText(holder)];
      const [row] = await this.#database.query<BeginRow>(this.#statements.begin, values, options);
      if (row === undefined) throw noSuchRun();
      if (row.begun) return row.request === null ? undefined : fromText(row.request);
      if (row.ended_at !== null) throw new RuntimeError("conflict", "The run is finished.");
      if (row.holder !== toText(holder)) throw heldOtherwise();
      return undefined;
    });
  }

  amend(key: RunKey, { from, to }: Change<string>, options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      const values = [keyOf(key), toText(from), toText(to)];
      const [row] = await this.#database.query(this.#statements.amend, values, options);
      if (row !== undefined) return;
      const { status } = await this.#unfinished(key);
      if (status !== "queued") throw new RuntimeError("conflict", "The run has begun.");
      throw new RuntimeError("conflict", "The run is asked something else by now.");
    });
  }

  request(key: RunKey, options?: CallOptions): Promise<string | undefined> {
    return this.#lifetime.call(options, async () => {
      const values = [keyOf(key)];
      const [row] = await this.#database.query<{ request: string | null }>(this.#statements.request, values, options);
      if (row === undefined) throw noSuchRun();
      return row.request === null ? undefined : fromText(row.request);
    });
  }

  note(key: RunKey, options?: CallOptions): Promise<string | undefined> {
    return this.#lifetime.call(options, async () => {
      const values = [keyOf(key)];
      const [row] = await this.#database.query<{ note: string | null }>(this.#statements.note, values, options);
      if (row === undefined) throw noSuchRun();
      return row.note === null ? undefined : fromText(row.note);
    });
  }

  claim(key: RunKey, { from, to }: Change<string | undefined>, options?: CallOptions): Promise<RunRecord> {
    return this.#lifetime.call(options, async () => {
      const holders = [from, to].map((holder) => (holder === undefined ? null : toText(holder)));
      const values = [keyOf(key), ...holders, to === undefined ? null : toKey(to)];
      const [row] = await this.#database.query<RunRow>(this.#statements.claim, values, options);
      if (row !== undefined) return toRunRecord(row);
      await this.#unfinished(key);
      throw heldOtherwise();
    });
  }

  holders(options?: CallOptions): Promise<readonly string[]> {
    return this.#lifetime.call(options, async () => {
      const rows = await this.#database.query<{ holder: string }>(this.#statements.holders, [], options);
      return rows.map(({ holder }) => fromText(holder));
    });
  }

  held(holder: string | undefined, options?: PageOptions): Promise<Page<RunRecord>> {
    return this.#lifetime.call(options, async () => {
      const page = new PageRequest(["held", holder], options);
      const position = [page.position ?? 0, page.rowLimit];
      const rows = await (holder === undefined
        ? this.#database.query<RunRow>(this.#statements.handedOver, position, options)
        : this.#database.query<RunRow>(this.#statements.held, [...position, toKey(holder)], options));
      return page.toPage(rows, toRunRecord);
    });
  }

  append(runKey: RunKey, write: RunWrite, options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      const key = keyOf(runKey);
      const { append, appendMany } = this.#statements;
      const statement = write.events.length > largestPiece ? appendMany : append;
      const [row] = await this.#database.query<{ id: number }>(statement, this.#writeValues(key, write), options);
      if (row === undefined) throw await this.#refusal(runKey, write);
      this.#feeds.get(key)?.add(row.id, write.first, write.events);
    });
  }

  finish(runKey: RunKey, end: RunEnd, options?: CallOptions): Promise<RunRecord> {
    return this.#lifetime.call(options, async () => {
      const key = keyOf(runKey);
      const values = [...this.#writeValues(key, end), end.status];
      const { finish, finishMany } = this.#statements;
      const statement = end.events.length > largestPiece ? finishMany : finish;
      const [row] = await this.#database.query<RunRow>(statement, values, options);
      if (row === undefined) throw await this.#refusal(runKey, end);
      const feed = this.#feeds.get(key);
      feed?.add(row.position, end.first, end.events);
      feed?.end(row.position);
      this.#pruning.doIfDue();
      return toRunRecord(row);
    });
  }

  get(key: RunKey, options?: CallOptions): Promise<RunRecord | undefined> {
    return this.#lifetime.call(options, async () => {
      const [row] = await this.#database.query<RunRow>(this.#statements.get, [keyOf(key)], options);
      return row && toRunRecord(row);
    });
  }

  list(ownerId: string, options: RunListOptions = {}): Promise<Page<RunRecord>> {
    return this.#lifetime.call(options, async () => {
      const { sessionId, status } = options;
      const page = new PageRequest(["runs", ownerId, sessionId, status], options);
      const { list, listSession, listStatus, listSessionStatus } = this.#statements;
      const [all, some] = sessionId === undefined ? [list, listStatus] : [listSession, listSessionStatus];
      const values = [
        page.position ?? Number.MAX_SAFE_INTEGER,
        page.rowLimit,
        sessionId === undefined ? toKey(ownerId) : keyOfSession(ownerId, sessionId),
      ];
      const rows = await (status === undefined
        ? this.#database.query<RunRow>(all, values, options)
        : this.#database.query<RunRow>(some, [...values, status], options));
      return page.toPage(rows, toRunRecord);
    });
  }

  read({ ownerId, runId }: RunKey, options: RunReadOptions = {}): AsyncIterable<readonly RunEntry[]> {
    return { [Symbol.asyncIterator]: () => this.#reader(keyOf({ ownerId, runId }), options) };
  }

  delete(runKey: RunKey, options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      const key = keyOf(runKey);
      const values = [key, this.#database.id];
      const [row] = await this.#database.query(this.#statements.delete, values, options);
      if (row !== undefined) this.#feeds.get(key)?.fail(noSuchRun());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    for (const reader of this.#readers) reader.fail(this.#lifetime.error());
    await this.#feeds[Symbol.asyncDispose]();
    await this.#pruning[Symbol.asyncDispose]();
  }

  #reader(key: Buffer, { after = -1, follow = false, signal }: RunReadOptions): Leavable<readonly RunEntry[]> {
    let feed: RunFeed | undefined;
    const begin = (): RunFeed | undefined => {
      this.#lifetime.assertOpen();
      this.#readers.add(reader);
      if (follow) feed = this.#feeds.join(key);
      return feed;
    };
    const reader = new Leavable({
      source: this.#entries(key, Math.max(after + 1, 0), begin),
      signal,
      onEnd: () => {
        this.#readers.delete(reader);
        if (feed !== undefined) this.#feeds.leave(key, feed);
      },
    });
    return reader;
  }

  async *#entries(
    key: Buffer,
    from: number,
    begin: () => RunFeed | undefined,
  ): AsyncGenerator<readonly RunEntry[], undefined> {
    const feed = begin();
    if (feed === undefined) return yield* readRun(this.#feeds, key, from);
    await this.#feeds.hear();
    return yield* followRun(this.#feeds, { key, feed }, from);
  }

  /** What `append` and `finish` begin with. A number that is none matches no run. */
  #writeValues(key: Buffer, { holder, first, events }: RunWrite): readonly unknown[] {
    const isNumber = Number.isInteger(first) && first >= 0 && first <= greatestNumber - events.length;
    return [key, toText(holder), isNumber ? first : -1, toEventsText(events), events.length, this.#database.id];
  }

  async #unfinished(key: RunKey): Promise<RunRecord> {
    const run = await this.get(key);
    if (run === undefined) throw noSuchRun();
    if (run.endedAt === undefined) return run;
    const { status, eventCount } = run;
    throw new RuntimeError("conflict", "The run is finished.", { details: { status, eventCount } });
  }

  /** Why a write found no run that it fits to. */
  async #refusal(key: RunKey, { holder, first }: RunWrite): Promise<RuntimeError> {
    const run = await this.#unfinished(key);
    const { eventCount } = run;
    if (run.holder !== holder) return heldOtherwise();
    if (first === eventCount && run.status === "queued") return new RuntimeError("conflict", "The run has not begun.");
    return new RuntimeError("conflict", "This is not the run's next event.", { details: { first, eventCount } });
  }

  /** Several schemas of a database share its locks. */
  #lockOf(line: Buffer): string {
    return createHash("sha256").update(this.#database.schema).update(line).digest().readBigInt64BE().toString();
  }

  async #prune(keepFinishedMs: number): Promise<void> {
    for (let pruned = prunedAtOnce; pruned === prunedAtOnce;) {
      this.#lifetime.assertOpen();
      const values = [keepFinishedMs, prunedAtOnce];
      const [row] = await this.#database.query<{ pruned: number }>(this.#statements.prune, values);
      pruned = row?.pruned ?? 0;
    }
  }
}

function keyOf({ ownerId, runId }: RunKey): Buffer {
  return toKey(ownerId, runId);
}

function keyOfLine({ ownerId, userId, sessionId }: RunLine): Buffer {
  return toKey(ownerId, userId, sessionId);
}

function keyOfSession(ownerId: string, sessionId: string): Buffer {
  return toKey(ownerId, sessionId);
}

function heldOtherwise(): RuntimeError {
  return new RuntimeError("conflict", "Somebody else holds the run.");
}
