import { terminalStatusSchema } from "@agentscope-runtime/protocol";
import type { RunLog } from "../run-log.ts";
import { awkwardText, longText } from "./awkward-text.ts";
import { collect } from "./collect.ts";
import type { Contract } from "./contract.ts";
import { race } from "./race.ts";
import { alone, append, begin, conflicts, end, entriesOf, eventsOf, finish, key, newRun, runFacts } from "./runs.ts";
import { readEach } from "./read-each.ts";

/** What a {@link RunLog} promises to writers. */
export const runLogWriting: Contract<RunLog> = {
  "begins a run in progress, without events": async (log) => {
    const run = await log.create(key, newRun);
    expect(run).toEqual({
      ...key,
      ...runFacts,
      status: "in_progress",
      createdAt: expect.any(Number) as number,
      endedAt: undefined,
      eventCount: 0,
    });
    expect(Math.abs(Date.now() - run.createdAt)).toBeLessThan(60_000);
    expect(await log.get(key)).toEqual(run);
    expect(await collect(readEach(log, key))).toEqual([]);
  },

  "keeps what is noted on a run as long as the run": async (log, openPeer) => {
    const peer = await openPeer();
    const bare = { ...key, runId: "bare" };
    const empty = { ...key, runId: "empty" };
    await log.create(key, alone({ note: awkwardText }));
    await log.create(bare, alone());
    await log.create(empty, alone({ note: "" }));
    for (const replica of [log, peer]) {
      expect(await replica.note(key)).toBe(awkwardText);
      expect(await replica.note(bare)).toBeUndefined();
      expect(await replica.note(empty)).toBe("");
    }
    await finish(log, 0, 1);
    expect(await peer.note(key)).toBe(awkwardText);
    await log.delete(key);
    await expect(peer.note(key)).rejects.toMatchObject({ code: "not_found" });
    await expect(peer.note({ ...bare, ownerId: "bob" })).rejects.toMatchObject({ code: "not_found" });
  },

  "refuses to begin a run whose owner has one of that id": async (log) => {
    await begin(log, 2);
    await expect(log.create(key, { ...newRun, requestHash: "other" })).rejects.toMatchObject({ code: "conflict" });
    expect(await log.get(key)).toMatchObject({ requestHash: "hash", eventCount: 2 });
    await finish(log, 2);
    await expect(log.create(key, newRun)).rejects.toMatchObject({ code: "conflict" });
    expect(await log.get(key)).toMatchObject({ status: "completed" });
  },

  "lets exactly one of 20 racers begin a run, on two replicas": async (log, openPeer) => {
    const peer = await openPeer();
    const racers = Array.from(
      { length: 20 },
      (_, racer) => () => (racer % 2 === 0 ? log : peer).create(key, { ...newRun, requestHash: String(racer) }),
    );
    const { won, lost } = await race(racers);
    expect(won).toHaveLength(1);
    expect(lost).toMatchObject(conflicts(19));
    expect(await log.get(key)).toEqual(won[0]);
  },

  "adds events in order and numbers them from 0": async (log) => {
    await begin(log);
    await append(log, key, 0, eventsOf(1));
    await append(log, key, 1, eventsOf(3, 1));
    await append(log, key, 4, []);
    await append(log, key, 4, eventsOf(1, 4));
    expect(await collect(readEach(log, key))).toEqual(entriesOf(5));
    expect(await log.get(key)).toMatchObject({ status: "in_progress", eventCount: 5, endedAt: undefined });
  },

  "refuses events that are not the next ones, all of them": async (log) => {
    await begin(log, 3);
    for (const first of [0, 2, 4, -1, 1.5]) {
      await expect(append(log, key, first, ['"no"', '"no"'])).rejects.toMatchObject({ code: "conflict" });
    }
    expect(await collect(readEach(log, key))).toEqual(entriesOf(3));
  },

  "lets exactly one of 20 racers add the next events, on two replicas": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 1);
    const racers = Array.from({ length: 20 }, (_, racer) => async () => {
      await append(racer % 2 === 0 ? log : peer, key, 1, [`"${racer}a"`, `"${racer}b"`]);
      return racer;
    });
    const { won, lost } = await race(racers);
    expect(won).toHaveLength(1);
    expect(lost).toMatchObject(conflicts(19));
    const added = (await collect(readEach(log, key, { after: 0 }))).map(({ data }) => data);
    expect(added).toEqual([`"${won[0]}a"`, `"${won[0]}b"`]);
  },

  "ends a run with its last events": async (log) => {
    await log.create(key, newRun);
    await append(log, key, 0, eventsOf(2));
    const run = await end(log, key, { first: 2, status: "completed", events: eventsOf(2, 2) });
    expect(run).toEqual({
      ...key,
      ...runFacts,
      status: "completed",
      createdAt: expect.any(Number) as number,
      endedAt: expect.any(Number) as number,
      eventCount: 4,
    });
    expect(run.endedAt).toBeGreaterThanOrEqual(run.createdAt);
    expect(await log.get(key)).toEqual(run);
    expect(await collect(readEach(log, key))).toEqual(entriesOf(4));
  },

  "ends a run in any way there is, also without events": async (log) => {
    for (const status of terminalStatusSchema.options) {
      const one = { ownerId: "ada", runId: status };
      await begin(log, 1, one);
      await end(log, one, { first: 1, status, events: [] });
      expect(await log.get(one)).toMatchObject({ status, eventCount: 1 });
    }
  },

  "refuses to end a run with events that are not the next ones": async (log) => {
    await begin(log, 2);
    for (const first of [0, 1, 3]) {
      await expect(end(log, key, { first: first, status: "completed", events: eventsOf(1) })).rejects.toMatchObject({
        code: "conflict",
      });
    }
    expect(await log.get(key)).toMatchObject({ status: "in_progress", eventCount: 2, endedAt: undefined });
  },

  "changes nothing of a run that is finished": async (log) => {
    await begin(log, 1);
    const run = await end(log, key, { first: 1, status: "failed", events: eventsOf(1, 1) });
    await expect(append(log, key, 2, ['"late"'])).rejects.toMatchObject({ code: "conflict" });
    await expect(end(log, key, { first: 2, events: ['"late"'] })).rejects.toMatchObject({ code: "conflict" });
    expect(await log.get(key)).toEqual(run);
    expect(await collect(readEach(log, key))).toEqual(entriesOf(2));
  },

  "lets exactly one of 20 racers end a run, on two replicas": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 1);
    const statuses = ["completed", "failed", "canceled", "incomplete"] as const;
    const racers = Array.from(
      { length: 20 },
      (_, racer) => () =>
        end(racer % 2 === 0 ? log : peer, key, {
          first: 1,
          status: statuses[racer % 4] ?? "rejected",
          events: [`"${racer}"`],
        }),
    );
    const { won, lost } = await race(racers);
    expect(won).toHaveLength(1);
    expect(lost).toMatchObject(conflicts(19));
    expect(await log.get(key)).toEqual(won[0]);
    expect(await collect(readEach(log, key, { after: 0 }))).toHaveLength(1);
  },

  "lets either an append or the end have the next number, on two replicas": async (log, openPeer) => {
    const peer = await openPeer();
    for (let round = 0; round < 10; round++) {
      const one = { ownerId: "ada", runId: `round ${round}` };
      await begin(log, 0, one);
      const appending = (): Promise<unknown> => append(log, one, 0, ['"appended"']);
      const ending = (): Promise<unknown> => end(peer, one, { first: 0, events: ['"ended"'] });
      const { won, lost } = await race(round % 2 === 0 ? [appending, ending] : [ending, appending]);
      expect(won).toHaveLength(1);
      expect(lost).toMatchObject(conflicts(1));
      const { status } = (await log.get(one)) ?? {};
      const data = status === "completed" ? '"ended"' : '"appended"';
      expect(await collect(readEach(log, one))).toEqual([{ sequence: 0, data }]);
    }
  },

  "writes to no run that is not there": async (log) => {
    const missing = { code: "not_found" };
    await expect(append(log, key, 0, eventsOf(1))).rejects.toMatchObject(missing);
    await expect(end(log, key, { first: 0 })).rejects.toMatchObject(missing);
    expect(await log.get(key)).toBeUndefined();
  },

  "keeps the text of events as it was": async (log) => {
    const events = [
      JSON.stringify({ text: awkwardText }),
      '{ "spaces" : [ 1.0, 1e2 ],\n"a":1, "a":2 }',
      JSON.stringify({ nul: "\u0000", half: "\ud83d" }), // Escaped, so there is none in the text itself.
      "null",
      '""',
      '{"b":1,"a":2}',
    ];
    await begin(log);
    await append(log, key, 0, events);
    expect((await collect(readEach(log, key))).map(({ data }) => data)).toEqual(events);
  },

  "keeps an event of 1 MB": async (log) => {
    const data = JSON.stringify({ text: longText() });
    await begin(log);
    await append(log, key, 0, [data]);
    const [entry] = await collect(readEach(log, key));
    expect(entry?.data === data).toBe(true); // `toBe` of the text itself would print both.
  },

  "adds 1,000 events at once": async (log) => {
    await begin(log);
    await append(log, key, 0, eventsOf(1000));
    expect(await collect(readEach(log, key))).toEqual(entriesOf(1000));
  },

  "keeps its own copy of what it was given, and gives copies": async (log) => {
    const mine = { ...alone() };
    const events = eventsOf(1);
    const begun = await log.create(key, mine);
    await append(log, key, 0, events);
    const [entry] = await collect(readEach(log, key));
    const got = await log.get(key);
    mine.agent = "changed";
    events.push('"changed"');
    Object.assign(begun, { agent: "changed" });
    Object.assign(got ?? {}, { status: "completed", eventCount: 9 });
    Object.assign(entry ?? {}, { data: '"changed"' });
    expect(await log.get(key)).toMatchObject({ agent: "planner", status: "in_progress", eventCount: 1 });
    expect(await collect(readEach(log, key))).toEqual(entriesOf(1));
  },
};
