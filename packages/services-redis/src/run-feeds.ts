import { RunFeed } from "./run-feed.ts";
import type { FeedReader } from "./run-feed.ts";
import type { Subscriber } from "./subscriber.ts";

/** The runs that are followed in this process, by the channel on which Redis tells of them. */
export class RunFeeds {
  readonly #subscriber: Subscriber;
  readonly #gone: () => unknown;
  readonly #feeds = new Map<string, RunFeed>();

  constructor(subscriber: Subscriber, gone: () => unknown) {
    this.#subscriber = subscriber;
    this.#gone = gone;
  }

  get(channel: string): RunFeed | undefined {
    return this.#feeds.get(channel);
  }

  /** Adds a reader to those of the run of this place. Those of an earlier run of the same id learn that it is gone. */
  join(channel: string, place: string, reader: FeedReader): RunFeed {
    let feed = this.#feeds.get(channel);
    if (feed !== undefined && feed.place !== place) {
      feed.failAll();
      feed = undefined;
    }
    if (feed === undefined) {
      feed = new RunFeed({ subscriber: this.#subscriber, channel, place, gone: this.#gone });
      this.#feeds.set(channel, feed);
    }
    feed.readers.add(reader);
    return feed;
  }

  leave(channel: string, feed: RunFeed, reader: FeedReader): void {
    feed.readers.delete(reader);
    if (feed.readers.size > 0) return;
    feed.close();
    if (this.#feeds.get(channel) === feed) this.#feeds.delete(channel);
  }
}
