import { Follower } from "@agentscope-runtime/services";
import type { RunEntry, RunReadOptions } from "@agentscope-runtime/services";
import type { FeedReader, RunFeed, RunProgress } from "./run-feed.ts";

/** What is in Redis of a run behind some event. */
export interface RunLook extends RunProgress {
  readonly place: string;
  readonly events: readonly string[];
}

/** Where a reader reads. */
export interface RunSource {
  /** Throws once the log is disposed. */
  readonly assertOpen: () => void;
  /** Up to so many events from this number on. Rejects with `not_found` when there is no run. */
  readonly look: (next: number, most: number) => Promise<RunLook>;
  /** Adds the reader to those who follow the run of this place. */
  readonly join: (place: string, reader: FeedReader) => RunFeed;
  /** The reader begins to wait for something. */
  readonly enter: (reader: RunReader) => void;
  /** It is over, and follows this no more. */
  readonly leave: (reader: RunReader, feed: RunFeed | undefined) => void;
  readonly gone: () => unknown;
}

/** One loop over the events of a run. It looks only when somebody asks for more. */
export class RunReader implements FeedReader {
  readonly loop: Follower<readonly RunEntry[]>;
  readonly #source: RunSource;
  readonly #follow: boolean;
  #next: number;
  #end = Infinity;
  #place: string | undefined;
  #feed: RunFeed | undefined;
  #batch: readonly RunEntry[] = [];
  #state: "idle" | "looking" | "waiting" | "done" = "idle";
  #over = false;

  constructor(source: RunSource, { after = -1, follow = false, signal }: RunReadOptions) {
    this.#source = source;
    this.#follow = follow;
    this.#next = Math.max(after + 1, 0);
    this.loop = new Follower({
      signal,
      take: () => this.#take(),
      onEnd: () => {
        this.#over = true;
        this.#source.leave(this, this.#feed);
      },
    });
  }

  wake(): void {
    if (this.#state === "waiting") void this.#look();
  }

  fail(thrown: unknown): void {
    this.loop.fail(thrown);
  }

  #take(): IteratorResult<readonly RunEntry[], undefined> | undefined {
    this.#source.assertOpen();
    if (this.#batch.length > 0) {
      const value = this.#batch;
      this.#batch = [];
      return { done: false, value };
    }
    if (this.#state === "done") return { done: true, value: undefined };
    if (this.#state === "idle") void this.#look();
    return undefined;
  }

  async #look(): Promise<void> {
    this.#state = "looking";
    this.#source.enter(this);
    try {
      await this.#advance();
      this.loop.wake();
    } catch (thrown) {
      this.loop.fail(thrown);
    }
  }

  /** Until there is a batch, or the end, or nothing yet. It says which at once: news could come before a promise resolves. */
  async #advance(): Promise<void> {
    for (;;) {
      const feed = this.#feed;
      const added = feed?.added(this.#next) ?? [];
      if (added.length > 0) return this.#give(added);
      const isEnd = feed?.progress.ended === true && this.#next >= feed.progress.count;
      if (isEnd || this.#next >= this.#end || this.#isOver()) return this.#finish();

      const version = feed?.version;
      const { events, count, ended, place } = await this.#shared(feed);
      this.#place ??= place;
      if (place !== this.#place) throw this.#source.gone();
      if (!this.#follow) this.#end = Math.min(this.#end, count);
      feed?.learn({ count, ended });
      if (events.length > 0) return this.#give(events);
      if (this.#next < Math.min(count, this.#end)) throw this.#source.gone(); // Its events are no more.
      if (ended || !this.#follow || this.#isOver()) return this.#finish();

      if (feed === undefined) {
        this.#feed = this.#source.join(place, this);
        await this.#feed.listen();
      } else if (feed.version === version) {
        this.#state = "waiting";
        return;
      }
    }
  }

  #finish(): void {
    this.#state = "done";
  }

  /** TypeScript takes a field that was asked before a pause for unchanged after it. */
  #isOver(): boolean {
    return this.#over;
  }

  #shared(feed: RunFeed | undefined): Promise<RunLook> {
    const next = this.#next;
    const most = Math.min(this.#end - next, largestBatch);
    return feed === undefined
      ? this.#source.look(next, most)
      : feed.share(next, () => this.#source.look(next, largestBatch));
  }

  /** Copies, since several readers may be given the same. */
  #give(events: readonly string[]): void {
    const first = this.#next;
    const batch = events.slice(0, Math.min(largestBatch, this.#end - first));
    this.#batch = batch.map((data, index) => ({ sequence: first + index, data }));
    this.#next += batch.length;
    this.#state = "idle";
  }
}

const largestBatch = 1000;
