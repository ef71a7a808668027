import { isTerminalStatus, runStatusSchema } from "@agentscope-runtime/protocol";
import { Lifetime, parseTtl } from "@agentscope-runtime/services";
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
import { encodeId } from "./encode-id.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { RunFeeds } from "./run-feeds.ts";
import { RunKeys } from "./run-keys.ts";
import { RunLists } from "./run-lists.ts";
import type { RunAddition } from "./run-feed.ts";
import { RunReader } from "./run-reader.ts";
import type { RunLook } from "./run-reader.ts";
import { noSuchRun, toRefusal } from "./run-refusal.ts";
import { toHold, toRow } from "./run-row.ts";
import type { RunRow } from "./run-row.ts";
import {
  amendRun,
  appendEvents,
  beginRun,
  claimRun,
  createRun,
  deleteRun,
  findRuns,
  finishRun,
} from "./run-scripts.ts";
import { shardOf } from "./shard.ts";

export interface RedisRunLogOptions {
  /** Yours: it is not closed. */
  readonly connection: RedisConnection;
  /** How long a finished run is kept, with its record, in milliseconds. Default 7 days. */
  readonly keepFinishedMs?: number | undefined;
}

/**
 * Runs in Redis, the events of each in a stream. Writers need one round trip; readers are told when there is more, and those
 * in the process that wrote it are handed it as soon as Redis has it.
 */
export class RedisRunLog implements RunLog {
  readonly #lifetime = new Lifetime("RedisRunLog");
  readonly #connection: RedisConnection;
  readonly #keepFinishedMs: number;
  readonly #keys: RunKeys;
  readonly #lists: RunLists;
  readonly #feeds: RunFeeds;
  readonly #readers = new Set<RunReader>();

  constructor({ connection, keepFinishedMs = 7 * 24 * 3_600_000 }: RedisRunLogOptions) {
    this.#connection = connection;
    this.#keepFinishedMs = parseTtl(keepFinishedMs);
    this.#keys = new RunKeys(connection);
    this.#lists = new RunLists(connection, this.#keys);
    this.#feeds = new RunFeeds(connection.subscriber, noSuchRun);
  }

  async create(key: RunKey, newRun: NewRun, options?: CallOptions): Promise<RunRecord> {
    this.#lifetime.assertOpen(options);
    const { agent, sessionId, userId, requestHash, request, note, holder, deferred = false } = newRun;
    const shard = shardOf(key.ownerId);
    const session = encodeId(sessionId);
    const reply = await this.#connection.write(createRun, {
      keys: [this.#keys.run(key), this.#keys.index(key.ownerId), this.#keys.held(shard), this.#keys.lastPlace(shard)],
      args: [
        shard,
        encodeId(key.ownerId),
        encodeId(key.runId),
        session,
        `${encodeId(userId)}:${session}`,
        toHold(holder),
        deferred ? "1" : "",
        JSON.stringify({ agent, sessionId, userId, requestHash }),
        request,
        note === undefined ? "" : `:${note}`,
      ],
      signal: options?.signal,
    });
    return rowOf(key, fact(reply)).record;
  }

  async line(line: RunLine, options?: CallOptions): Promise<readonly RunRecord[]> {
    this.#lifetime.assertOpen(options);
    return this.#lists.line(line, options?.signal);
  }

  async begin(key: RunKey, holder: string, options?: CallOptions): Promise<string | undefined> {
    this.#lifetime.assertOpen(options);
    const reply = await this.#connection.write(beginRun, {
      keys: [this.#keys.run(key), this.#keys.index(key.ownerId)],
      args: [toHold(holder), encodeId(key.runId)],
      signal: options?.signal,
    });
    return isWaiting(reply) ? undefined : String(fact(reply));
  }

  async amend(key: RunKey, { from, to }: Change<string>, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const call = { keys: [this.#keys.run(key)], args: [from, to], signal: options?.signal };
    fact(await this.#connection.write(amendRun, call));
  }

  async request(key: RunKey, options?: CallOptions): Promise<string | undefined> {
    this.#lifetime.assertOpen(options);
    const command = ["HMGET", this.#keys.run(key), "status", "request"] as const;
    const [status, request] = (await this.#connection.command(command, options?.signal)) as readonly (string | null)[];
    if (typeof status !== "string") throw noSuchRun();
    return request ?? undefined;
  }

  async note(key: RunKey, options?: CallOptions): Promise<string | undefined> {
    this.#lifetime.assertOpen(options);
    const command = ["HMGET", this.#keys.run(key), "status", "note"] as const;
    const [status, note] = (await this.#connection.command(command, options?.signal)) as readonly (string | null)[];
    if (typeof status !== "string") throw noSuchRun();
    return note ?? undefined;
  }

  async claim(key: RunKey, { from, to }: Change<string | undefined>, options?: CallOptions): Promise<RunRecord> {
    this.#lifetime.assertOpen(options);
    const reply = await this.#connection.write(claimRun, {
      keys: [this.#keys.run(key), this.#keys.held(shardOf(key.ownerId))],
      args: [toHold(from), toHold(to), encodeId(key.ownerId), encodeId(key.runId)],
      signal: options?.signal,
    });
    return rowOf(key, fact(reply)).record;
  }

  async holders(options?: CallOptions): Promise<readonly string[]> {
    this.#lifetime.assertOpen(options);
    return this.#lists.holders(options?.signal);
  }

  async held(holder: string | undefined, options?: PageOptions): Promise<Page<RunRecord>> {
    this.#lifetime.assertOpen(options);
    return this.#lists.held(holder, options);
  }

  async append(key: RunKey, { holder, first, events }: RunWrite, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const call = {
      keys: [this.#keys.run(key), this.#keys.events(key)],
      args: [toHold(holder), first, this.#keys.channel(key), ...events],
      signal: options?.signal,
    };
    await this.#add(key, { first, events, ended: false }, async () => ({
      place: String(fact(await this.#connection.write(appendEvents, call), first)),
    }));
  }

  async finish(key: RunKey, { holder, first, status, events }: RunEnd, options?: CallOptions): Promise<RunRecord> {
    this.#lifetime.assertOpen(options);
    const { ownerId, runId } = key;
    const shard = shardOf(ownerId);
    const call = {
      keys: [
        this.#keys.run(key),
        this.#keys.events(key),
        this.#keys.index(ownerId),
        this.#keys.held(shard),
        this.#keys.finished(shard),
      ],
      args: [
        toHold(holder),
        first,
        this.#keys.channel(key),
        status,
        this.#keepFinishedMs,
        encodeId(ownerId),
        encodeId(runId),
        ...events,
      ],
      signal: options?.signal,
    };
    const { record } = await this.#add(key, { first, events, ended: true }, async () => {
      const reply = await this.#connection.write(finishRun, call);
      const row = rowOf(key, fact(reply, first));
      void this.#lists.sweep((reply as readonly unknown[])[2] as readonly string[]); // Our own script's.
      return row;
    });
    return record;
  }

  async get(key: RunKey, options?: CallOptions): Promise<RunRecord | undefined> {
    this.#lifetime.assertOpen(options);
    const reply = await this.#connection.read(findRuns, { keys: [this.#keys.run(key)], signal: options?.signal });
    return toRow(key, (reply as readonly unknown[])[0])?.record; // Our own script's.
  }

  async list(ownerId: string, options?: RunListOptions): Promise<Page<RunRecord>> {
    this.#lifetime.assertOpen(options);
    return this.#lists.list(ownerId, options);
  }

  read({ ownerId, runId }: RunKey, options: RunReadOptions = {}): AsyncIterable<readonly RunEntry[]> {
    return { [Symbol.asyncIterator]: () => this.#reader({ ownerId, runId }, options).loop };
  }

  async delete(key: RunKey, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const { ownerId, runId } = key;
    const shard = shardOf(ownerId);
    await this.#connection.write(deleteRun, {
      keys: [
        this.#keys.run(key),
        this.#keys.events(key),
        this.#keys.index(ownerId),
        this.#keys.held(shard),
        this.#keys.finished(shard),
      ],
      args: [this.#keys.channel(key), encodeId(ownerId), encodeId(runId)],
      signal: options?.signal,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    for (const reader of this.#readers) reader.fail(this.#lifetime.error());
  }

  #reader(key: RunKey, options: RunReadOptions): RunReader {
    const channel = this.#keys.channel(key);
    return new RunReader(
      {
        assertOpen: () => {
          this.#lifetime.assertOpen();
        },
        look: (next, most) => this.#look(key, next, most),
        join: (place, reader) => this.#feeds.join(channel, place, reader),
        enter: (reader) => this.#readers.add(reader),
        leave: (reader, feed) => {
          this.#readers.delete(reader);
          if (feed !== undefined) this.#feeds.leave(channel, feed, reader);
        },
        gone: noSuchRun,
      },
      options,
    );
  }

  /** The record is read first: all events that it counts are there when they are read. */
  async #look(key: RunKey, next: number, most: number): Promise<RunLook> {
    const [known, entries] = await this.#connection.attempt((client) =>
      Promise.all([
        client.call("HMGET", [this.#keys.run(key), "status", "count", "place"]),
        client.call("XRANGE", [this.#keys.events(key), `${next + 1}-0`, "+", "COUNT", most]),
      ]),
    );
    const [status, count, place] = known as readonly (string | null)[]; // By the protocol of Redis.
    if (typeof status !== "string" || typeof place !== "string") throw noSuchRun();
    return {
      place,
      count: Number(count),
      ended: isTerminalStatus(runStatusSchema.parse(status)),
      events: (entries as readonly StreamedEvent[]).map(([, [, data]]) => data), // Our own scripts'.
    };
  }

  /** Writes, and hands what Redis has then to those who follow the run in this process. */
  async #add<T extends { readonly place: string }>(
    key: RunKey,
    { first, events, ended }: Omit<RunAddition, "place">,
    write: () => Promise<T>,
  ): Promise<T> {
    const feed = this.#feeds.get(this.#keys.channel(key));
    if (feed === undefined) return write();
    const copy = [...events];
    let addition: RunAddition | undefined;
    feed.beginWrite();
    try {
      const written = await write();
      addition = { place: written.place, first, events: copy, ended };
      return written;
    } finally {
      feed.endWrite(addition);
    }
  }
}

type StreamedEvent = readonly [id: string, fields: readonly [name: string, data: string]];

/** What a script has to say behind "done"; throws when it did nothing. */
function fact(reply: unknown, first?: number): unknown {
  const [word, ...facts] = reply as readonly unknown[]; // Our own scripts'.
  if (word !== "done") throw toRefusal([word, ...facts], first);
  return facts[0];
}

function isWaiting(reply: unknown): boolean {
  return (reply as readonly unknown[])[0] === "waiting"; // Our own script's.
}

/** The row of a run that a script has just written. */
function rowOf(key: RunKey, reply: unknown): RunRow {
  const row = toRow(key, reply);
  if (row === undefined) throw new TypeError("A script returned no run.");
  return row;
}
