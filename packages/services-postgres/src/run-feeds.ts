import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunEntry } from "@agentscope-runtime/services";
import type { Database } from "./database.ts";
import { fromPiece, largestPiece } from "./run-events-text.ts";
import { RunFeed } from "./run-feed.ts";
import type { RunSight } from "./run-feed.ts";
import type { RunStatements } from "./run-statements.ts";

export interface RunLook extends RunSight {
  readonly entries: readonly RunEntry[];
  /** Whether others tell this process when they write. */
  readonly isTold: boolean;
}

interface LookRow {
  readonly id: number;
  readonly event_count: number;
  readonly ended: boolean;
  readonly followed_by: string;
  /** Null when there is no event from the wanted one on. */
  readonly first: number | null;
  readonly body: string | null;
}

/** The feeds of the runs that somebody in this process follows, kept up to date with what other replicas write. */
export class RunFeeds {
  readonly #database: Database;
  readonly #statements: RunStatements;
  readonly #feeds = new Map<string, RunFeed>();
  readonly #refreshing = new Set<RunFeed>();
  #hearing: Promise<Disposable> | undefined;

  constructor(database: Database, statements: RunStatements) {
    this.#database = database;
    this.#statements = statements;
  }

  /** The feed of a run that somebody here follows. */
  get(key: Buffer): RunFeed | undefined {
    return this.#feeds.get(key.toString("hex"));
  }

  /** From when it resolves on, what others tell is heard. */
  async hear(): Promise<void> {
    await (this.#hearing ??= this.#hear());
  }

  /** Leave it afterwards. */
  join(key: Buffer): RunFeed {
    const name = key.toString("hex");
    const known = this.#feeds.get(name);
    const feed = known === undefined || known.failed ? new RunFeed() : known;
    this.#feeds.set(name, feed);
    feed.readers++;
    return feed;
  }

  leave(key: Buffer, feed: RunFeed): void {
    feed.readers--;
    const name = key.toString("hex");
    if (feed.readers === 0 && this.#feeds.get(name) === feed) this.#feeds.delete(name);
  }

  /** The events from this number on, as many as a reader gets at a time; undefined when there is no such run. */
  async look(key: Buffer, from: number): Promise<RunLook | undefined> {
    const rows = await this.#database.query<LookRow>(this.#statements.look, [key, Math.min(from, greatestNumber)]);
    const [run] = rows;
    if (run === undefined) return undefined;
    const entries: RunEntry[] = [];
    for (const { first, body } of rows) {
      if (first === null || body === null || entries.length >= largestPiece) break;
      for (const entry of fromPiece(first, body)) if (entry.sequence >= from) entries.push(entry);
    }
    return {
      id: run.id,
      eventCount: run.event_count,
      ended: run.ended,
      isTold: run.followed_by === "*" || run.followed_by === this.#database.id,
      entries: entries.slice(0, largestPiece),
    };
  }

  /** From when it resolves on, others tell this process when they write the run. */
  async follow(key: Buffer, feed: RunFeed): Promise<void> {
    await this.#database.query(this.#statements.follow, [key, this.#database.id]);
    feed.isTold = true;
    feed.doubt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const hearing = await this.#hearing?.catch(() => undefined);
    hearing?.[Symbol.dispose]();
  }

  async #hear(): Promise<Disposable> {
    try {
      return await this.#database.hear("run", {
        onMessage: (text) => {
          const [name = "", writer] = text.split(" ");
          const feed = this.#feeds.get(name);
          if (feed === undefined || writer === this.#database.id) return;
          feed.doubt();
          void this.#refresh(Buffer.from(name, "hex"), feed);
        },
        onReconnect: () => {
          for (const feed of this.#feeds.values()) feed.doubtAloud();
        },
      });
    } catch (thrown) {
      this.#hearing = undefined; // The next one tries again.
      throw thrown;
    }
  }

  /** One look for all who follow, however many there are. */
  async #refresh(key: Buffer, feed: RunFeed): Promise<void> {
    if (this.#refreshing.has(feed)) return; // It looks again, because of the doubt.
    this.#refreshing.add(feed);
    try {
      for (let doubts = -1; doubts !== feed.doubts;) {
        ({ doubts } = feed);
        const seen = await this.look(key, feed.count);
        if (seen === undefined) {
          feed.fail(noSuchRun());
          return;
        }
        const [first] = seen.entries;
        if (first !== undefined) {
          const events = seen.entries.map(({ data }) => data);
          feed.add(seen.id, first.sequence, events);
        }
        feed.learn(seen, doubts);
      }
    } catch {
      feed.doubtAloud(); // Whoever needs it looks, and hears why it cannot be had.
    } finally {
      this.#refreshing.delete(feed);
    }
  }
}

/** Numbers of events are kept in four bytes. */
export const greatestNumber = 2 ** 31 - 1;

export function noSuchRun(): RuntimeError {
  return new RuntimeError("not_found", "There is no such run.");
}
