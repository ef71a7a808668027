import type { RunEntry } from "@agentscope-runtime/services";
import { patiently } from "./patiently.ts";
import { largestPiece } from "./run-events-text.ts";
import type { RunFeed } from "./run-feed.ts";
import { noSuchRun } from "./run-feeds.ts";
import type { RunFeeds, RunLook } from "./run-feeds.ts";

/** How long a follower goes on asking a database that cannot be reached: it outlives a restart. */
const patienceMs = 60_000;

/** The events that are in the log at the first look, from this number on. */
export async function* readRun(
  feeds: RunFeeds,
  key: Buffer,
  from: number,
): AsyncGenerator<readonly RunEntry[], undefined> {
  let next = from;
  let end = Infinity;
  let id: number | undefined;
  do {
    const seen = await feeds.look(key, next);
    id ??= seen?.id;
    if (seen === undefined || seen.id !== id) throw noSuchRun();
    end = Math.min(end, seen.eventCount);
    const entries = seen.entries.filter(({ sequence }) => sequence < end);
    if (entries.length > 0) yield entries;
    next += entries.length;
  } while (next < end);
  return undefined;
}

/** All events from this number on until the run is finished, those that are still to come as they come. */
export async function* followRun(
  feeds: RunFeeds,
  { key, feed }: { readonly key: Buffer; readonly feed: RunFeed },
  from: number,
): AsyncGenerator<readonly RunEntry[], undefined> {
  let next = from;
  let id: number | undefined;
  for (;;) {
    const { change, doubts } = feed;
    const recent = feed.take(next).slice(0, largestPiece);
    if (recent.length > 0) {
      yield recent.map((data, index) => ({ sequence: next + index, data }));
      next += recent.length;
      continue;
    }
    if (feed.isCurrent && next >= feed.count) {
      if (feed.ended) return undefined;
      if (feed.isTold) await change;
      else await patiently(patienceMs, () => feeds.follow(key, feed));
      continue;
    }
    const seen: RunLook | undefined = await patiently(patienceMs, () => feeds.look(key, next));
    id ??= seen?.id;
    if (seen === undefined || seen.id !== id) throw noSuchRun();
    feed.isTold ||= seen.isTold;
    feed.learn(seen, doubts);
    if (seen.entries.length > 0) yield seen.entries;
    next += seen.entries.length;
  }
}
