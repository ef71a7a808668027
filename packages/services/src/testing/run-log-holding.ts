import type { RunLog, RunRecord } from "../run-log.ts";
import { awkwardIds } from "./awkward-text.ts";
import { collect } from "./collect.ts";
import type { Contract } from "./contract.ts";
import { race } from "./race.ts";
import { readEach } from "./read-each.ts";
import { alone, append, begin, conflicts, end, entriesOf, eventsOf, holder, key } from "./runs.ts";

function runIdsOf(records: readonly RunRecord[]): string[] {
  return records.map(({ runId }) => runId);
}

/** What a {@link RunLog} promises about who may write a run. */
export const runLogHolding: Contract<RunLog> = {
  "lets nobody write a run but its holder": async (log) => {
    await begin(log, 1);
    const write = { holder: "replica_2", first: 1, events: ['"no"'] };
    await expect(log.append(key, write)).rejects.toMatchObject({ code: "conflict" });
    await expect(log.finish(key, { ...write, status: "failed" })).rejects.toMatchObject({ code: "conflict" });
    expect(await log.get(key)).toMatchObject({ status: "in_progress", eventCount: 1, holder });
  },

  "gives a run to another holder, who goes on where the first one was": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log, 2);
    const claimed = await peer.claim(key, { from: holder, to: "replica_2" });
    expect(claimed).toMatchObject({ ...key, holder: "replica_2", status: "in_progress", eventCount: 2 });
    await expect(append(log, key, 2, ['"late"'])).rejects.toMatchObject({ code: "conflict" });
    await expect(end(log, key, { first: 2 })).rejects.toMatchObject({ code: "conflict" });
    await peer.append(key, { holder: "replica_2", first: 2, events: eventsOf(1, 2) });
    await peer.finish(key, { holder: "replica_2", first: 3, status: "completed", events: [] });
    expect(await log.get(key)).toMatchObject({ holder: "replica_2", status: "completed" });
    expect(await collect(readEach(log, key))).toEqual(entriesOf(3));
  },

  "hands a run over to whoever claims it": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log);
    expect(await log.claim(key, { from: holder, to: undefined })).toMatchObject({ holder: undefined });
    expect(await peer.get(key)).toMatchObject({ holder: undefined });
    await expect(append(log, key, 0, eventsOf(1))).rejects.toMatchObject({ code: "conflict" });
    await expect(log.begin(key, holder)).rejects.toMatchObject({ code: "conflict" });
    expect(runIdsOf((await peer.held(undefined)).items)).toEqual([key.runId]);
    expect(await peer.claim(key, { from: undefined, to: "replica_2" })).toMatchObject({ holder: "replica_2" });
    expect((await log.held(undefined)).items).toEqual([]);
    expect(await peer.begin(key, "replica_2")).toBeDefined();
  },

  "gives a run to nobody when it is held otherwise, finished or not there": async (log) => {
    await begin(log);
    const conflict = { code: "conflict" };
    await expect(log.claim(key, { from: "replica_2", to: "replica_3" })).rejects.toMatchObject(conflict);
    await expect(log.claim(key, { from: undefined, to: "replica_3" })).rejects.toMatchObject(conflict);
    await end(log, key, { first: 0 });
    await expect(log.claim(key, { from: holder, to: "replica_3" })).rejects.toMatchObject(conflict);
    expect(await log.get(key)).toMatchObject({ holder });
    const missing = log.claim({ ...key, runId: "other" }, { from: holder, to: "replica_3" });
    await expect(missing).rejects.toMatchObject({ code: "not_found" });
  },

  "lets exactly one of 20 racers claim a run, on two replicas": async (log, openPeer) => {
    const peer = await openPeer();
    await begin(log);
    const racers = Array.from({ length: 20 }, (_, racer) => async () => {
      return (racer % 2 === 0 ? log : peer).claim(key, { from: holder, to: `racer ${racer}` });
    });
    const { won, lost } = await race(racers);
    expect(won).toHaveLength(1);
    expect(lost).toMatchObject(conflicts(19));
    expect(await log.get(key)).toEqual(won[0]);
  },

  "tells who holds unfinished runs": async (log, openPeer) => {
    const peer = await openPeer();
    expect(await log.holders()).toEqual([]);
    for (const [index, name] of [...awkwardIds, "twice", "twice"].entries()) {
      await log.create({ ownerId: `owner ${index % 2}`, runId: String(index) }, alone({ holder: name }));
    }
    expect((await peer.holders()).toSorted()).toEqual([...awkwardIds, "twice"].toSorted());
    for (const name of awkwardIds) expect((await peer.held(name)).items).toMatchObject([{ holder: name }]);
    const [first, second] = (await peer.held("twice")).items;
    if (first === undefined || second === undefined) throw new Error("Two runs were created.");
    expect(Number(first.runId)).toBeLessThan(Number(second.runId));
    await log.finish(first, { holder: "twice", first: 0, status: "completed", events: [] });
    expect(runIdsOf((await peer.held("twice")).items)).toEqual([second.runId]);
    await log.delete(second);
    expect((await peer.holders()).toSorted()).toEqual(awkwardIds.toSorted());
  },

  "lists a holder's runs of all owners and sessions, queued ones too, oldest first": async (log, openPeer) => {
    const peer = await openPeer();
    await log.create({ ownerId: "bob", runId: "1" }, alone({ sessionId: "tea" }));
    await log.create({ ownerId: "ada", runId: "2" }, alone({ sessionId: "tea" }));
    await log.create({ ownerId: "ada", runId: "3" }, alone({ sessionId: "tea" }));
    await log.create({ ownerId: "ada", runId: "4" }, alone({ holder: "replica_2" }));
    const { items } = await peer.held(holder);
    expect(items.map(({ ownerId, runId, status }) => [ownerId, runId, status])).toEqual([
      ["bob", "1", "in_progress"],
      ["ada", "2", "in_progress"],
      ["ada", "3", "queued"],
    ]);
  },

  "pages through a holder's runs": async (log) => {
    for (let index = 0; index < 5; index++) await log.create({ ...key, runId: String(index) }, alone());
    const first = await log.held(holder, { limit: 2 });
    await end(log, { ...key, runId: "1" }, { first: 0 });
    const second = await log.held(holder, { limit: 2, cursor: first.cursor });
    const third = await log.held(holder, { limit: 2, cursor: second.cursor });
    expect([first, second, third].map(({ items }) => runIdsOf(items))).toEqual([["0", "1"], ["2", "3"], ["4"]]);
    expect(third.cursor).toBeUndefined();
    await expect(log.held("other", { cursor: first.cursor })).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(log.held(holder, { limit: 0 })).rejects.toMatchObject({ code: "invalid_argument" });
  },
};
