import { InProcessRunLog } from "./index.ts";
import type { NewRun, RunEntry, RunKey } from "./index.ts";
import { describeContract, runLogContract } from "./testing/index.ts";
import { readEach } from "./testing/read-each.ts";

const holder = "here";

/** Each in a session of its own, so that none waits for another. */
function newRun(): NewRun {
  return { agent: "planner", sessionId: crypto.randomUUID(), userId: "ada", requestHash: "", request: "", holder };
}

function keyOf(runId: string): RunKey {
  return { ownerId: "ada", runId };
}

async function finished(log: InProcessRunLog, runId: string, ...events: string[]): Promise<void> {
  await log.create(keyOf(runId), newRun());
  await log.finish(keyOf(runId), { holder, first: 0, status: "completed", events });
}

async function runIds(log: InProcessRunLog): Promise<string[]> {
  const { items } = await log.list("ada", { limit: 1000 });
  return items.map(({ runId }) => runId);
}

async function nextData(reader: AsyncIterator<RunEntry>): Promise<string | undefined> {
  const result = await reader.next();
  return result.done === true ? undefined : result.value.data;
}

describeContract("InProcessRunLog", runLogContract, { create: () => new InProcessRunLog() });

describe("InProcessRunLog", () => {
  it("forgets the runs that finished first beyond maxFinishedRuns", async () => {
    await using log = new InProcessRunLog({ maxFinishedRuns: 2 });
    await log.create(keyOf("early"), newRun());
    for (const runId of ["a", "b"]) await finished(log, runId, "1");
    expect(await runIds(log)).toEqual(["b", "a", "early"]);
    await log.finish(keyOf("early"), { holder, first: 0, status: "failed", events: [] });
    await finished(log, "c");
    expect(await runIds(log)).toEqual(["c", "early"]);
    expect(await log.get(keyOf("a"))).toBeUndefined();
  });

  it("forgets the runs that finished first beyond maxBytes", async () => {
    await using log = new InProcessRunLog({ maxBytes: 100 });
    await finished(log, "a", "x".repeat(20), "x".repeat(20));
    await finished(log, "b", "x".repeat(60));
    expect(await runIds(log)).toEqual(["b", "a"]);
    await finished(log, "c", "x");
    expect(await runIds(log)).toEqual(["c", "b"]);
    await finished(log, "d", "x".repeat(39));
    expect(await runIds(log)).toEqual(["d", "c", "b"]);
  });

  it("keeps the run that finished last, however long it is", async () => {
    await using log = new InProcessRunLog({ maxBytes: 10 });
    await finished(log, "a", "x");
    await finished(log, "long", "x".repeat(1000));
    expect(await runIds(log)).toEqual(["long"]);
    await finished(log, "b", "x");
    expect(await runIds(log)).toEqual(["b"]);
  });

  it("never forgets a run that is not finished", async () => {
    await using log = new InProcessRunLog({ maxFinishedRuns: 0, maxBytes: 0 });
    await log.create(keyOf("a"), newRun());
    await log.append(keyOf("a"), { holder, first: 0, events: ["x".repeat(1000)] });
    await finished(log, "b", "x");
    expect(await runIds(log)).toEqual(["a"]);
    await log.finish(keyOf("a"), { holder, first: 1, status: "completed", events: [] });
    expect(await runIds(log)).toEqual([]);
  });

  it("counts no run against its limits that was deleted", async () => {
    await using log = new InProcessRunLog({ maxFinishedRuns: 2, maxBytes: 100 });
    await finished(log, "a", "x".repeat(90));
    await log.delete(keyOf("a"));
    for (const runId of ["b", "c"]) await finished(log, runId, "x".repeat(50));
    expect(await runIds(log)).toEqual(["c", "b"]);
  });

  it("lets a reader finish a run that is forgotten while it reads", async () => {
    await using log = new InProcessRunLog({ maxFinishedRuns: 1 });
    const [one, two] = ["one".repeat(3000), "two".repeat(3000)]; // Read one at a time.
    await finished(log, "a", one, two);
    const reader = readEach(log, keyOf("a"), { follow: true })[Symbol.asyncIterator]();
    expect(await nextData(reader)).toBe(one);
    await finished(log, "b");
    expect(await log.get(keyOf("a"))).toBeUndefined();
    for (let other = 0; other < 100; other += 1) await finished(log, `b${other}`, "other".repeat(200));
    expect([await nextData(reader), await nextData(reader)]).toEqual([two, undefined]);
  });

  it("has appended by the time the call returns, before it is awaited", async () => {
    await using log = new InProcessRunLog();
    const done = [
      log.create(keyOf("a"), newRun()),
      log.append(keyOf("a"), { holder, first: 0, events: ["one"] }),
      log.append(keyOf("a"), { holder, first: 1, events: ["two"] }),
      log.finish(keyOf("a"), { holder, first: 2, status: "completed", events: [] }),
    ];
    const record = log.get(keyOf("a"));
    await Promise.all(done);
    expect(await record).toMatchObject({ status: "completed", eventCount: 2 });
  });

  it("lets a reader leave while it waits", async () => {
    await using log = new InProcessRunLog();
    await log.create(keyOf("a"), newRun());
    const reader = readEach(log, keyOf("a"), { follow: true })[Symbol.asyncIterator]();
    const waiting = reader.next();
    await reader.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await log.append(keyOf("a"), { holder, first: 0, events: ["one"] });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it("reads from the start each time the same result is looped over", async () => {
    await using log = new InProcessRunLog();
    await finished(log, "a", "one");
    const entries = readEach(log, keyOf("a"));
    for (let loop = 0; loop < 2; loop++) {
      for await (const { data } of entries) expect(data).toBe("one");
    }
    expect(await nextData(entries[Symbol.asyncIterator]())).toBe("one");
  });

  it("keeps to what was there when it is not asked to follow, however slowly it is read", async () => {
    await using log = new InProcessRunLog();
    await log.create(keyOf("a"), newRun());
    await log.append(keyOf("a"), { holder, first: 0, events: ["one", "two"] });
    const reader = readEach(log, keyOf("a"))[Symbol.asyncIterator]();
    const seen = [await nextData(reader)];
    await log.append(keyOf("a"), { holder, first: 2, events: ["three"] });
    seen.push(await nextData(reader), await nextData(reader));
    expect(seen).toEqual(["one", "two", undefined]);
  });

  it("says what the next number is when it refuses an event", async () => {
    await using log = new InProcessRunLog();
    await log.create(keyOf("a"), newRun());
    await log.append(keyOf("a"), { holder, first: 0, events: ["one"] });
    await expect(log.append(keyOf("a"), { holder, first: 0, events: ["one"] })).rejects.toMatchObject({
      details: { first: 0, eventCount: 1 },
    });
  });

  it("reads the clock it was given", async () => {
    let now = 1000;
    await using log = new InProcessRunLog({ now: () => now++ });
    expect(await log.create(keyOf("a"), newRun())).toMatchObject({ createdAt: 1000, endedAt: undefined });
    const end = { holder, first: 0, status: "canceled", events: [] } as const;
    expect(await log.finish(keyOf("a"), end)).toMatchObject({ createdAt: 1000, endedAt: 1001 });
  });
});
