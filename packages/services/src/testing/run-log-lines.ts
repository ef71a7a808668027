import type { RunLine, RunLog, RunRecord } from "../run-log.ts";
import { awkwardPairs } from "./awkward-text.ts";
import type { Contract } from "./contract.ts";
import { race } from "./race.ts";
import { append, conflicts, end, eventsOf, holder, key, newRun } from "./runs.ts";

const line: RunLine = { ownerId: "ada", userId: "ada", sessionId: "tea" };

function runIdsOf(records: readonly RunRecord[]): string[] {
  return records.map(({ runId }) => runId);
}

/** Runs of one session, in this order. */
async function queue(log: RunLog, ...runIds: readonly string[]): Promise<void> {
  for (const runId of runIds) await log.create({ ...key, runId }, { ...newRun, request: `ask ${runId}` });
}

/** What a {@link RunLog} promises about the order of a session's runs. */
export const runLogLines: Contract<RunLog> = {
  "queues a run while an earlier one of its session is unfinished": async (log, openPeer) => {
    const peer = await openPeer();
    expect(await log.create({ ...key, runId: "1" }, newRun)).toMatchObject({ status: "in_progress" });
    expect(await peer.create({ ...key, runId: "2" }, newRun)).toMatchObject({ status: "queued", eventCount: 0 });
    expect(await log.get({ ...key, runId: "2" })).toMatchObject({ status: "queued", endedAt: undefined });
    expect((await log.list("ada", { status: "queued" })).items).toMatchObject([{ runId: "2" }]);
  },

  "queues a deferred run until it is begun, also when it is alone": async (log, openPeer) => {
    const peer = await openPeer();
    expect(await log.create(key, { ...newRun, deferred: true })).toMatchObject({ status: "queued" });
    expect(await peer.create({ ...key, runId: "2" }, newRun)).toMatchObject({ status: "queued" });
    await peer.amend(key, { from: newRun.request, to: "ask more" });
    expect(await log.begin(key, holder)).toBe("ask more");
    expect(await peer.get(key)).toMatchObject({ status: "in_progress" });
    expect(await peer.begin({ ...key, runId: "2" }, holder)).toBeUndefined();
  },

  "lets runs of other sessions, users and owners go ahead": async (log) => {
    await log.create(key, newRun);
    const others = [
      { ...newRun, sessionId: "rum" },
      { ...newRun, userId: "bob" },
    ];
    for (const [index, other] of others.entries()) {
      expect(await log.create({ ...key, runId: String(index) }, other)).toMatchObject({ status: "in_progress" });
    }
    expect(await log.create({ ownerId: "bob", runId: "1" }, newRun)).toMatchObject({ status: "in_progress" });
    expect(runIdsOf(await log.line(line))).toEqual([key.runId]);
  },

  "keeps sessions apart whose ids join to the same text": async (log) => {
    for (const [userId, sessionId] of awkwardPairs) {
      const run = { ...newRun, userId, sessionId };
      const created = await log.create({ ownerId: "ada", runId: crypto.randomUUID() }, run);
      expect(created.status).toBe("in_progress");
      expect(await log.line({ ownerId: "ada", userId, sessionId })).toEqual([created]);
    }
  },

  "lists a line in the order of its creation, without what has ended": async (log, openPeer) => {
    const peer = await openPeer();
    expect(await log.line(line)).toEqual([]);
    await queue(log, "c", "a", "b");
    await end(log, { ...key, runId: "a" }, { first: 0, status: "canceled" });
    const records = await peer.line(line);
    expect(runIdsOf(records)).toEqual(["c", "b"]);
    expect(records[1]).toEqual(await log.get({ ...key, runId: "b" }));
    await log.delete({ ...key, runId: "c" });
    expect(runIdsOf(await peer.line(line))).toEqual(["b"]);
    await end(log, { ...key, runId: "b" }, { first: 0 });
    expect(await peer.line(line)).toEqual([]);
  },

  "begins a queued run when those before it have ended, and tells what was asked": async (log, openPeer) => {
    const peer = await openPeer();
    await queue(log, "1", "2", "3");
    expect(await log.begin({ ...key, runId: "2" }, holder)).toBeUndefined();
    expect(await log.get({ ...key, runId: "2" })).toMatchObject({ status: "queued" });
    await end(peer, { ...key, runId: "1" }, { first: 0 });
    expect(await log.begin({ ...key, runId: "3" }, holder)).toBeUndefined();
    expect(await peer.begin({ ...key, runId: "2" }, holder)).toBe("ask 2");
    expect(await log.get({ ...key, runId: "2" })).toMatchObject({ status: "in_progress" });
    await append(log, { ...key, runId: "2" }, 0, eventsOf(1));
    expect(await log.begin({ ...key, runId: "2" }, holder)).toBe("ask 2"); // Again, for who did not get the answer.
    expect(await log.begin({ ...key, runId: "3" }, holder)).toBeUndefined();
  },

  "begins no run that is finished, somebody else's, or not there": async (log) => {
    await queue(log, "1", "2");
    await end(log, { ...key, runId: "1" }, { first: 0 });
    await expect(log.begin({ ...key, runId: "1" }, holder)).rejects.toMatchObject({ code: "conflict" });
    await expect(log.begin({ ...key, runId: "2" }, "replica_2")).rejects.toMatchObject({ code: "conflict" });
    await expect(log.begin({ ...key, runId: "3" }, holder)).rejects.toMatchObject({ code: "not_found" });
    expect(await log.get({ ...key, runId: "2" })).toMatchObject({ status: "queued" });
  },

  "takes no events of a queued run, but ends it": async (log) => {
    await queue(log, "1", "2");
    await expect(append(log, { ...key, runId: "2" }, 0, eventsOf(1))).rejects.toMatchObject({ code: "conflict" });
    const ended = await end(log, { ...key, runId: "2" }, { first: 0, status: "canceled", events: eventsOf(2) });
    expect(ended).toMatchObject({ status: "canceled", eventCount: 2 });
    expect(runIdsOf(await log.line(line))).toEqual(["1"]);
  },

  "gives every one of 20 racers its place, in progress only the first, on two replicas": async (log, openPeer) => {
    const peer = await openPeer();
    const racers = Array.from({ length: 20 }, (_, racer) => async () => {
      const one = racer % 2 === 0 ? log : peer;
      const { runId, status } = await one.create({ ...key, runId: String(racer) }, newRun);
      return { runId, status, before: runIdsOf(await one.line(line)).indexOf(runId) };
    });
    const { won } = await race(racers);
    const order = runIdsOf(await log.line(line));
    expect(order).toHaveLength(20);
    // Whoever looks later still finds each where it was: nobody got in before it.
    expect(won.map(({ runId, before }) => [runId, before])).toEqual(
      won.map(({ runId }) => [runId, order.indexOf(runId)]),
    );
    expect(won.filter(({ status }) => status === "in_progress").map(({ runId }) => runId)).toEqual(order.slice(0, 1));
  },

  "lets at most one of a line run at a time, on two replicas": async (log, openPeer) => {
    const peer = await openPeer();
    const runIds = Array.from({ length: 10 }, (_, index) => String(index));
    await queue(log, ...runIds);
    for (const current of runIds) {
      const { won } = await race(
        runIds.slice(Number(current)).map((runId) => async () => {
          const request = await (Number(runId) % 2 === 0 ? log : peer).begin({ ...key, runId }, holder);
          return request === undefined ? [] : [runId];
        }),
      );
      expect(won.flat()).toEqual([current]);
      await end(log, { ...key, runId: current }, { first: 0 });
    }
  },

  "forgets what was asked when the run has ended": async (log, openPeer) => {
    const peer = await openPeer();
    await queue(log, "1");
    expect(await peer.request({ ...key, runId: "1" })).toBe("ask 1");
    await end(log, { ...key, runId: "1" }, { first: 0 });
    expect(await peer.request({ ...key, runId: "1" })).toBeUndefined();
    await expect(log.request({ ...key, runId: "2" })).rejects.toMatchObject({ code: "not_found" });
  },

  "amends what is asked while the run is queued": async (log, openPeer) => {
    const peer = await openPeer();
    await queue(log, "1", "2");
    await peer.amend({ ...key, runId: "2" }, { from: "ask 2", to: "ask more" });
    await end(log, { ...key, runId: "1" }, { first: 0 });
    expect(await log.begin({ ...key, runId: "2" }, holder)).toBe("ask more");
  },

  "amends nothing that has begun, has changed, has ended or is not there": async (log) => {
    await queue(log, "1", "2");
    for (const runId of ["1", "2"]) {
      const change = { from: runId === "1" ? "ask 1" : "other", to: "no" };
      await expect(log.amend({ ...key, runId }, change)).rejects.toMatchObject({ code: "conflict" });
      expect(await log.request({ ...key, runId })).toBe(`ask ${runId}`);
    }
    await end(log, { ...key, runId: "2" }, { first: 0 });
    const change = { from: "ask 2", to: "no" };
    await expect(log.amend({ ...key, runId: "2" }, change)).rejects.toMatchObject({ code: "conflict" });
    await expect(log.amend({ ...key, runId: "3" }, change)).rejects.toMatchObject({ code: "not_found" });
  },

  "lets exactly one of 20 racers amend the same text, on two replicas": async (log, openPeer) => {
    const peer = await openPeer();
    await queue(log, "1", "2");
    const racers = Array.from({ length: 20 }, (_, racer) => async () => {
      const to = `ask ${racer} too`;
      await (racer % 2 === 0 ? log : peer).amend({ ...key, runId: "2" }, { from: "ask 2", to });
      return to;
    });
    const { won, lost } = await race(racers);
    expect(lost).toMatchObject(conflicts(19));
    expect(await log.request({ ...key, runId: "2" })).toBe(won[0]);
  },
};
