import { encodeCursor, parseCursor, parseLimit } from "@agentscope-runtime/services";
import type { CursorScope, Page, PageOptions, RunLine, RunListOptions, RunRecord } from "@agentscope-runtime/services";
import { decodeId, encodeId } from "./encode-id.ts";
import type { RedisConnection } from "./redis-connection.ts";
import type { RunKeys } from "./run-keys.ts";
import { toHold, toRow } from "./run-row.ts";
import type { RunRow } from "./run-row.ts";
import { expiredRuns, findHolders, findRuns, sweepRun } from "./run-scripts.ts";
import { shardOf, shards } from "./shard.ts";

/** A run as it stands in a list: its place there, and whose it is. */
interface Listed {
  readonly place: string;
  readonly ownerId: string;
  readonly runId: string;
}

interface ListSource {
  readonly scope: CursorScope;
  /** Up to so many that come after this place, in the order of the list. */
  readonly after: (place: string | undefined, most: number) => Promise<readonly Listed[]>;
  /** A record may have changed since it was listed. */
  readonly belongs: (record: RunRecord) => boolean;
  /** Whose finished runs may be among them. */
  readonly shard?: string;
}

/** Finds runs by what they have in common. */
export class RunLists {
  readonly #connection: RedisConnection;
  readonly #keys: RunKeys;
  readonly #sweeping = new Set<string>();

  constructor(connection: RedisConnection, keys: RunKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async line({ ownerId, userId, sessionId }: RunLine, signal?: AbortSignal): Promise<readonly RunRecord[]> {
    const line = `l:${encodeId(userId)}:${encodeId(sessionId)}:`;
    const range = ["ZRANGEBYLEX", this.#keys.index(ownerId), `[${line}`, `(${upTo(line)}`, "LIMIT", 0, 1000] as const;
    const members = (await this.#connection.command(range, signal)) as readonly string[];
    const rows = await this.#rows(
      members.map((member) => toListed(member, ownerId)),
      signal,
    );
    return rows.flatMap((row) => (row === undefined || row.record.endedAt !== undefined ? [] : [row.record]));
  }

  async list(ownerId: string, options: RunListOptions = {}): Promise<Page<RunRecord>> {
    const { sessionId, status, signal } = options;
    const list = prefixOf(sessionId, status);
    const source: ListSource = {
      scope: ["runs", ownerId, sessionId, status],
      shard: shardOf(ownerId),
      belongs: (record) => status === undefined || record.status === status,
      after: async (place, most) => {
        const last = `(${place === undefined ? upTo(list) : list + place}`;
        const range = ["ZREVRANGEBYLEX", this.#keys.index(ownerId), last, `[${list}`, "LIMIT", 0, most] as const;
        const members = (await this.#connection.command(range, signal)) as readonly string[];
        return members.map((member) => toListed(member, ownerId));
      },
    };
    return this.#page(source, options);
  }

  async held(holder: string | undefined, options: PageOptions = {}): Promise<Page<RunRecord>> {
    const hold = toHold(holder);
    const source: ListSource = {
      scope: ["held", holder],
      belongs: (record) => record.holder === holder && record.endedAt === undefined,
      after: async (place, most) => {
        const first = place === undefined ? `[${hold}` : `(${hold}${place};`;
        const found = shards.map(async (shard) => {
          const range = ["ZRANGEBYLEX", this.#keys.held(shard), first, `(${upTo(hold)}`, "LIMIT", 0, most] as const;
          const members = (await this.#connection.command(range, options.signal)) as readonly string[];
          return members.map((member) => toListed(member));
        });
        const listed = (await Promise.all(found)).flat();
        return listed.toSorted((one, other) => (one.place < other.place ? -1 : 1)).slice(0, most);
      },
    };
    return this.#page(source, options);
  }

  async holders(signal?: AbortSignal): Promise<readonly string[]> {
    const found = shards.map((shard) => this.#connection.read(findHolders, { keys: [this.#keys.held(shard)], signal }));
    const encoded = (await Promise.all(found)) as readonly (readonly string[])[]; // Our own script's.
    return Array.from(new Set(encoded.flat()), decodeId);
  }

  /** Takes runs whose time is over out of their lists, as `finishRun` or `expiredRuns` have found them. */
  async sweep(expired: readonly string[]): Promise<void> {
    const sweeps = expired.map((member) => {
      const [owner = "", name = "", place = "", session = "", status = ""] = member.split(":");
      const ownerId = decodeId(owner);
      return this.#connection.write(sweepRun, {
        keys: [this.#keys.index(ownerId), this.#keys.finished(shardOf(ownerId))],
        args: [name, place, session, status, member],
      });
    });
    await Promise.allSettled(sweeps); // What is left stays for the next sweep.
  }

  async #page({ scope, after, belongs, shard }: ListSource, options: PageOptions): Promise<Page<RunRecord>> {
    const limit = parseLimit(options.limit);
    let place = options.cursor === undefined ? undefined : parseCursor(scope, options.cursor);
    const found: RunRow[] = [];
    let isStale = false;
    // One more than asked for tells whether there is another page.
    for (let most = limit + 1; most > 0; most = limit + 1 - found.length) {
      const listed = await after(place, most);
      for (const row of await this.#rows(listed, options.signal)) {
        if (row === undefined) isStale = true;
        else if (belongs(row.record)) found.push(row);
      }
      if (listed.length < most) break;
      place = listed.at(-1)?.place;
    }
    if (isStale && shard !== undefined) void this.#sweepShard(shard);
    const last = found.length > limit ? found[limit - 1] : undefined;
    return {
      items: found.slice(0, limit).map(({ record }) => record),
      cursor: last === undefined ? undefined : encodeCursor(scope, last.place),
    };
  }

  /** The records of runs; undefined where one is gone, or another has its id now. */
  async #rows(listed: readonly Listed[], signal?: AbortSignal): Promise<readonly (RunRow | undefined)[]> {
    const rows = new Map<Listed, RunRow | undefined>();
    const looks = Map.groupBy(listed, ({ ownerId }) => shardOf(ownerId)).values();
    const reads = Array.from(looks, async (some) => {
      const keys = some.map((one) => this.#keys.run(one));
      const replies = (await this.#connection.read(findRuns, { keys, signal })) as readonly unknown[]; // Our own script's.
      for (const [index, one] of some.entries()) rows.set(one, toRow(one, replies[index]));
    });
    await Promise.all(reads);
    return listed.map((one) => {
      const row = rows.get(one);
      return row?.place === one.place ? row : undefined;
    });
  }

  async #sweepShard(shard: string): Promise<void> {
    if (this.#sweeping.has(shard)) return;
    this.#sweeping.add(shard);
    try {
      const call = { keys: [this.#keys.finished(shard)], args: [mostSwept] };
      await this.sweep((await this.#connection.read(expiredRuns, call)) as readonly string[]); // Our own script's.
    } catch {
      // The next one who meets them tries again.
    } finally {
      this.#sweeping.delete(shard);
    }
  }
}

function prefixOf(sessionId: string | undefined, status: string | undefined): string {
  if (sessionId === undefined) return status === undefined ? "a:" : `t:${status}:`;
  return status === undefined ? `s:${encodeId(sessionId)}:` : `b:${encodeId(sessionId)}:${status}:`;
}

/** What sorts right behind all that begins with this prefix, whose last character is a colon. */
function upTo(prefix: string): string {
  return `${prefix.slice(0, -1)};`;
}

/** The last parts of a member are its place, where the list is of several owners the owner, and the run. */
function toListed(member: string, ownerId?: string): Listed {
  const parts = member.split(":");
  const runId = decodeId(parts.at(-1) ?? "");
  if (ownerId !== undefined) return { place: parts.at(-2) ?? "", ownerId, runId };
  return { place: parts.at(-3) ?? "", ownerId: decodeId(parts.at(-2) ?? ""), runId };
}

const mostSwept = 100;
