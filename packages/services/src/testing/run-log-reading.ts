import type { RunEntry, RunLog, RunReadOptions } from "../run-log.ts";
import { collect, take } from "./collect.ts";
import type { Contract } from "./contract.ts";
import { rejectionOf } from "./rejection-of.ts";
import { append, begin, bobs, end, entriesOf, eventsOf, finish, key } from "./runs.ts";
import { readEach } from "./read-each.ts";

/** Begins to read, and has the first entry before it returns: from then on the reader is there. */
async function follow(log: RunLog, options: RunReadOptions = {}): Promise<AsyncIterator<RunEntry>> {
  const reader = readEach(log, key, { follow: true, ...options })[Symbol.asyncIterator]();
  expect(await take(reader, 1)).toEqual(entriesOf(1));
  return reader;
}

/** What is left until the loop ends. */
async function rest(reader: AsyncIterator<RunEntry>): Promise<RunEntry[]> {
  return take(reader, Infinity);
}

/** What a {@link RunLog} promises to readers, now and while the run goes on. */
export const runLogReading: Contract<RunLog> = {
  "reads what is there now, also while the run goes on": async (log) => {
    await begin(log, 3);
    expect(await collect(readEach(log, key))).toEqual(entriesOf(3));
    expect(await collect(readEach(log, key, { follow: false }))).toEqual(entriesOf(3));
  },

  "reads what stands behind an event": async (log) => {
    await begin(log, 4);
    expect(await collect(readEach(log, key, { after: 0 }))).toEqual(entriesOf(3, 1));
    expect(await collect(readEach(log, key, { after: 2 }))).toEqual(entriesOf(1, 3));
    for (const after of [3, 4, 1000]) expect(await collect(readEach(log, key, { after }))).toEqual([]);
    expect(await collect(readEach(log, key, { after: undefined }))).toEqual(entriesOf(4));
  },

  "reads no run that is not there": async (log) => {
    for (const follows of [false, true]) {
      await expect(collect(readEach(log, key, { follow: follows }))).rejects.toMatchObject({ code: "not_found" });
    }
  },

  "follows a run until it is finished, on another replica": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 1);
    const reader = await follow(peer);
    for (let first = 1; first < 4; first++) {
      const next = take(reader, 1); // Waiting already when the event comes.
      await append(log, key, first, eventsOf(1, first));
      expect(await next).toEqual(entriesOf(1, first));
    }
    await finish(log, 4, 2);
    expect(await rest(reader)).toEqual(entriesOf(2, 4));
  },

  "follows a run that has no events yet": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log);
    const entries = collect(readEach(peer, key, { follow: true }));
    await append(log, key, 0, eventsOf(2));
    await finish(log, 2);
    expect(await entries).toEqual(entriesOf(2));
  },

  "reads a finished run to its end, also when it is asked to follow": async (log) => {
    await begin(log, 2);
    await finish(log, 2, 1);
    expect(await collect(readEach(log, key, { follow: true }))).toEqual(entriesOf(3));
    expect(await collect(readEach(log, key, { follow: true, after: 1 }))).toEqual(entriesOf(1, 2));
    expect(await collect(readEach(log, key, { follow: true, after: 2 }))).toEqual([]);
  },

  "has the final status by the time a loop ends": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 1);
    const reader = await follow(peer);
    const ended = rest(reader).then(() => peer.get(key));
    await end(log, key, { first: 1, status: "incomplete", events: eventsOf(1, 1) });
    expect(await ended).toMatchObject({ status: "incomplete", eventCount: 2 });
  },

  "ends a loop when the run is finished without events": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 1);
    const reader = await follow(peer);
    const ended = rest(reader);
    await finish(log, 1);
    expect(await ended).toEqual([]);
  },

  "lets a reader join late and go on behind what it has seen": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 3);
    const late = readEach(peer, key, { follow: true, after: 1 })[Symbol.asyncIterator]();
    expect(await take(late, 1)).toEqual(entriesOf(1, 2));
    await append(log, key, 3, eventsOf(1, 3));
    await finish(log, 4, 1);
    expect(await rest(late)).toEqual(entriesOf(2, 3));
  },

  "waits for events behind one that is still to come": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 2);
    const entries = collect(readEach(peer, key, { follow: true, after: 5 }));
    for (let first = 2; first < 8; first++) await append(log, key, first, eventsOf(1, first));
    await finish(log, 8);
    expect(await entries).toEqual(entriesOf(2, 6));
  },

  "ends a loop that waits behind the run's end": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 1);
    const entries = collect(readEach(peer, key, { follow: true, after: 100 }));
    await finish(log, 1, 1);
    expect(await entries).toEqual([]);
  },

  "lets each of many readers go at its own pace": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 1);
    const slow = [await follow(log), await follow(peer)];
    const quick = await Promise.all(Array.from({ length: 10 }, (_, index) => follow(index % 2 === 0 ? log : peer)));
    const ends = quick.map(rest);
    for (let first = 1; first < 50; first++) await append(log, key, first, eventsOf(1, first));
    await finish(log, 50);
    for (const read of ends) expect(await read).toEqual(entriesOf(49, 1));
    for (const reader of slow) {
      expect(await take(reader, 3)).toEqual(entriesOf(3, 1));
      expect(await rest(reader)).toEqual(entriesOf(46, 4));
    }
  },

  "gives readers each event exactly once while they are being written": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log);
    const readers: Promise<RunEntry[]>[] = [];
    for (let first = 0; first < 200; first += 4) {
      // Joining while an append is under way is when an event could be missed, or given twice.
      const appended = append(log, key, first, eventsOf(4, first));
      readers.push(collect(readEach(first % 8 === 0 ? log : peer, key, { follow: true })));
      await appended;
    }
    await finish(log, 200);
    for (const reader of readers) expect(await reader).toEqual(entriesOf(200));
  },

  "goes on without a reader who leaves": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 2);
    const stays = await follow(peer);
    for await (const entry of readEach(peer, key, { follow: true })) {
      expect(entry).toEqual({ sequence: 0, data: eventsOf(1)[0] });
      break;
    }
    await append(log, key, 2, eventsOf(1, 2));
    await finish(log, 3);
    expect(await rest(stays)).toEqual(entriesOf(2, 1));
  },

  "ends a loop with `not_found` when the run is deleted": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 1);
    await begin(log, 1, bobs);
    const reader = await follow(peer);
    const ended = rejectionOf(reader.next());
    await log.delete(bobs);
    await log.delete(key);
    expect(await ended).toMatchObject({ code: "not_found" });
  },

  "ends a waiting loop with the signal's reason": async (log, openPeer) => {
    const peer = await openPeer();
    const leaving = new AbortController();
    const reason = new Error("stop");
    await begin(log, 1);
    const reader = await follow(peer, { signal: leaving.signal });
    const stays = await follow(peer);
    const ended = rejectionOf(reader.next());
    leaving.abort(reason);
    expect(await ended).toBe(reason);
    await finish(log, 1, 1);
    expect(await rest(stays)).toEqual(entriesOf(1, 1));
  },

  "ends with the signal's reason also when nobody was waiting": async (log) => {
    const leaving = new AbortController();
    const reason = new Error("stop");
    await begin(log, 3);
    const reader = log.read(key, { follow: true, signal: leaving.signal })[Symbol.asyncIterator]();
    expect((await reader.next()).done).toBe(false);
    leaving.abort(reason);
    await expect(reader.next()).rejects.toBe(reason);
  },

  "ends waiting loops with `unavailable` when it is disposed": async (log) => {
    await begin(log, 1);
    const reader = await follow(log);
    const ended = rejectionOf(reader.next());
    await log[Symbol.asyncDispose]();
    expect(await ended).toMatchObject({ code: "unavailable" });
  },
};
