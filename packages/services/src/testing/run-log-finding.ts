import type { RunKey, RunListOptions, RunLog } from "../run-log.ts";
import { awkwardIds, awkwardPairs, awkwardText } from "./awkward-text.ts";
import { collect } from "./collect.ts";
import type { Contract } from "./contract.ts";
import { pagedListContract } from "./paged-list.ts";
import { alone, append, begin, bobs, end, entriesOf, eventsOf, finish, holder, key, newRun } from "./runs.ts";
import { readEach } from "./read-each.ts";

async function runIdsOf(log: RunLog, ownerId: string, options?: RunListOptions): Promise<string[]> {
  const { items } = await log.list(ownerId, options);
  return items.map(({ runId }) => runId);
}

function nameOf({ ownerId, runId }: RunKey): string {
  return JSON.stringify([ownerId, runId]);
}

/** Checks that keys which a backend could take for each other each keep their own events and their own end. */
async function expectKeptApart(log: RunLog, keys: readonly RunKey[]): Promise<void> {
  for (const one of keys) await log.create(one, alone({ requestHash: nameOf(one) }));
  for (const one of keys) await append(log, one, 0, [nameOf(one)]);
  for (const one of keys) expect(await log.get(one)).toMatchObject({ ...one, requestHash: nameOf(one), eventCount: 1 });
  for (const one of keys) expect(await collect(readEach(log, one))).toEqual([{ sequence: 0, data: nameOf(one) }]);
  const left = [...keys];
  for (const one of keys) {
    await log.delete(one);
    left.shift();
    const next = left[0];
    expect(await log.get(one)).toBeUndefined();
    if (next !== undefined) expect(await log.get(next)).toMatchObject({ ...next, requestHash: nameOf(next) });
  }
}

/** What a {@link RunLog} promises about finding runs, and keeping them apart. */
export const runLogFinding: Contract<RunLog> = {
  "keeps owners apart, even with equal run ids": async (log) => {
    await begin(log, 1);
    expect(await log.get(bobs)).toBeUndefined();
    expect(await runIdsOf(log, "bob")).toEqual([]);
    await expect(collect(readEach(log, bobs))).rejects.toMatchObject({ code: "not_found" });
    await expect(append(log, bobs, 1, ['"bob\'s"'])).rejects.toMatchObject({ code: "not_found" });
    await begin(log, 3, bobs);
    await end(log, bobs, { first: 3, status: "failed", events: [] });
    await log.delete(bobs);
    expect(await log.get(key)).toMatchObject({ status: "in_progress", eventCount: 1 });
    expect(await collect(readEach(log, key))).toEqual(entriesOf(1));
  },

  "takes any text as a run id": async (log) => {
    await expectKeptApart(
      log,
      awkwardIds.map((runId) => ({ ownerId: "ada", runId })),
    );
  },

  "takes any text as an owner's id": async (log) => {
    await expectKeptApart(
      log,
      awkwardIds.map((ownerId) => ({ ownerId, runId: "run_1" })),
    );
    for (const ownerId of awkwardIds) await log.create({ ownerId, runId: `of ${ownerId}` }, alone());
    for (const ownerId of awkwardIds) expect(await runIdsOf(log, ownerId)).toEqual([`of ${ownerId}`]);
  },

  "keeps runs apart whose ids join to the same text": async (log) => {
    await expectKeptApart(
      log,
      awkwardPairs.map(([ownerId, runId]) => ({ ownerId, runId })),
    );
  },

  "keeps what a run is about as it was": async (log) => {
    const facts = { agent: awkwardText, sessionId: "", userId: "'; --", requestHash: awkwardText, holder: awkwardText };
    await log.create(key, { ...facts, request: awkwardText });
    expect(await log.get(key)).toMatchObject(facts);
    expect(await log.request(key)).toBe(awkwardText);
    expect(await runIdsOf(log, "ada", { sessionId: "" })).toEqual(["run_1"]);
  },

  "lists an owner's runs, newest first, however they end": async (log) => {
    for (const runId of ["b", "a", "c"]) await begin(log, 1, { ...key, runId });
    await append(log, { ...key, runId: "b" }, 1, eventsOf(1));
    await end(log, { ...key, runId: "a" }, { first: 1, status: "failed", events: eventsOf(1) });
    const { items, cursor } = await log.list("ada");
    expect(items.map(({ runId }) => runId)).toEqual(["c", "a", "b"]);
    expect(items.map(({ status }) => status)).toEqual(["in_progress", "failed", "in_progress"]);
    expect(items.map(({ eventCount }) => eventCount)).toEqual([1, 2, 2]);
    expect(items[1]).toEqual(await log.get({ ...key, runId: "a" }));
    expect(cursor).toBeUndefined();
  },

  "lists the runs of one session, or of one status, or of both": async (log) => {
    for (const [runId, sessionId] of [
      ["1", "tea"],
      ["2", "rum"],
      ["3", "tea"],
      ["4", "rum"],
    ] as const) {
      await log.create({ ...key, runId }, { ...newRun, sessionId });
    }
    for (const runId of ["1", "2"]) await end(log, { ...key, runId }, { first: 0 });
    for (const runId of ["3", "4"]) await log.begin({ ...key, runId }, holder);
    expect(await runIdsOf(log, "ada", { sessionId: "tea" })).toEqual(["3", "1"]);
    expect(await runIdsOf(log, "ada", { status: "in_progress" })).toEqual(["4", "3"]);
    expect(await runIdsOf(log, "ada", { sessionId: "rum", status: "completed" })).toEqual(["2"]);
    expect(await runIdsOf(log, "ada", { sessionId: "gin" })).toEqual([]);
    expect(await runIdsOf(log, "ada", { status: "canceled" })).toEqual([]);
    expect(await runIdsOf(log, "ada", { sessionId: undefined, status: undefined })).toEqual(["4", "3", "2", "1"]);
  },

  "pages through a part of the runs": async (log) => {
    for (let index = 0; index < 9; index++) {
      await log.create({ ...key, runId: String(index) }, { ...newRun, sessionId: index % 2 === 0 ? "tea" : "rum" });
    }
    const first = await log.list("ada", { sessionId: "tea", limit: 2 });
    const second = await log.list("ada", { sessionId: "tea", limit: 2, cursor: first.cursor });
    const third = await log.list("ada", { sessionId: "tea", limit: 2, cursor: second.cursor });
    expect([first, second, third].map(({ items }) => items.map(({ runId }) => runId))).toEqual([
      ["8", "6"],
      ["4", "2"],
      ["0"],
    ]);
    expect(third.cursor).toBeUndefined();
  },

  "goes on behind a run that was deleted after its page was read": async (log) => {
    for (const runId of ["1", "2", "3"]) await begin(log, 0, { ...key, runId });
    const { cursor } = await log.list("ada", { limit: 2 });
    await log.delete({ ...key, runId: "2" });
    expect(await runIdsOf(log, "ada", { cursor })).toEqual(["1"]);
  },

  "forgets a run, and forgets it again without complaint": async (log) => {
    await begin(log, 2);
    await begin(log, 1, { ...key, runId: "other" });
    await log.delete(key);
    await log.delete(key);
    expect(await log.get(key)).toBeUndefined();
    expect(await runIdsOf(log, "ada")).toEqual(["other"]);
    await expect(collect(readEach(log, key))).rejects.toMatchObject({ code: "not_found" });
    await expect(append(log, key, 2, eventsOf(1))).rejects.toMatchObject({ code: "not_found" });
  },

  "begins a forgotten run anew": async (log) => {
    await begin(log, 2);
    await finish(log, 2);
    await log.delete(key);
    await begin(log, 1);
    expect(await log.get(key)).toMatchObject({ status: "in_progress", endedAt: undefined, eventCount: 1 });
    expect(await collect(readEach(log, key))).toEqual(entriesOf(1));
  },

  ...pagedListContract<RunLog>("runs", {
    add: async (log) => (await log.create({ ...key, runId: crypto.randomUUID() }, alone())).runId,
    read: async (log, options) => {
      const { items, cursor } = await log.list("ada", options);
      return { items: items.map(({ runId }) => runId), cursor };
    },
    foreignCursors: async (log) => {
      for (const ownerId of ["bob", "eve"]) {
        for (const runId of ["1", "2"]) await log.create({ ownerId, runId }, alone());
      }
      const pages = ["bob", "eve"].map((ownerId) => log.list(ownerId, { limit: 1 }));
      return (await Promise.all(pages)).map(({ cursor }) => cursor);
    },
  }),
};
