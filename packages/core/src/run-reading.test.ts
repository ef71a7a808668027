import { InProcessRunLog } from "@agentscope-runtime/services";
import type { RunEntry, RunKey, RunLog } from "@agentscope-runtime/services";
import { LiveRun } from "./live-run.ts";
import { silentLogger } from "./logger.ts";
import { RunReading } from "./run-reading.ts";
import type { ReadingHost } from "./run-reading.ts";
import type { Emit } from "./runner.ts";
import { Narrator } from "./narrator.ts";

const key: RunKey = { ownerId: "ada", runId: "run_1" };
const holder = "here";

interface Stage {
  readonly host: ReadingHost;
  readonly log: RunLog;
  readonly live: LiveRun;
  /** How many read. */
  readonly count: () => number;
  /** How many times somebody has begun to read the log. */
  readonly lookups: () => number;
  /** Says something in a tick of its own. */
  readonly say: (text: string) => Promise<void>;
  /** Ends the run. */
  readonly end: () => Promise<void>;
}

/** A run that says what it is told to. */
async function staged({ shared = false } = {}): Promise<Stage> {
  const log = new InProcessRunLog();
  const newRun = { agent: "a", sessionId: "s", userId: "ada", requestHash: "", request: "", holder };
  await log.create(key, newRun);
  const narrator = new Narrator({ runId: key.runId, sessionId: "s" });
  const ending = Promise.withResolvers<undefined>();
  let emit: Emit = () => undefined;
  const live = new LiveRun(
    {
      key,
      log,
      holder,
      shared,
      logger: silentLogger,
      onDisconnect: "continue",
      maxRunLength: Infinity,
      patienceMs: undefined,
    },
    {
      waits: false,
      begin: () => Promise.resolve(),
      run: async (tell) => {
        emit = tell;
        void emit(narrator.begin());
        await ending.promise;
        void emit(narrator.close());
        void emit([narrator.end()]);
      },
      endEarly: () => [],
    },
  );
  let [readers, lookups] = [0, 0];
  const host: ReadingHost = {
    runLog: Object.assign(Object.create(log) as RunLog, {
      read: (...read: Parameters<RunLog["read"]>) => {
        lookups += 1;
        return log.read(...read);
      },
    }),
    find: () => live,
    announce: () => Promise.resolve(undefined),
    count: (change) => {
      readers += change;
    },
  };
  return {
    host,
    log,
    live,
    count: () => readers,
    lookups: () => lookups,
    say: async (text) => {
      void emit(narrator.tell(text));
      await new Promise(setImmediate);
    },
    end: async () => {
      ending.resolve(undefined);
      await live.ended;
    },
  };
}

function numbers(batch: IteratorResult<readonly RunEntry[], undefined>): number[] | undefined {
  return batch.value?.map(({ sequence }) => sequence);
}

describe("RunReading", () => {
  it.each([false, true])("follows a run live, and does not ask the log (shared: %s)", async (shared) => {
    const { host, say, end, lookups } = await staged({ shared });
    const reading = new RunReading(host, key, { follow: true });
    expect(numbers(await reading.next())).toEqual([0, 1]);
    const next = reading.next();
    await say("a");
    expect(numbers(await next)).toEqual([2, 3]);
    const last = reading.next();
    await end();
    expect(numbers(await last)).toEqual([4, 5, 6]);
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expect(lookups()).toBe(0);
  });

  it("reads from the log what it was too slow for, and is live again when it has caught up", async () => {
    const { host, say, end, lookups } = await staged();
    const reading = new RunReading(host, key, { follow: true });
    await reading.next();
    await say("a");
    await say("b");
    expect(numbers(await reading.next())).toEqual([2, 3, 4]);
    expect(lookups()).toBe(1);
    const next = reading.next();
    await say("c");
    expect(numbers(await next)).toEqual([5]);
    await say("d");
    await end();
    expect((await Array.fromAsync(reading)).flat().map(({ sequence }) => sequence)).toEqual([6, 7, 8, 9]);
    expect(lookups()).toBe(2);
  });

  it("begins where it is told to, also at what is not there yet", async () => {
    const { host, say, end } = await staged();
    const later = new RunReading(host, key, { follow: true, after: 3 });
    const next = later.next();
    await say("a");
    await say("b");
    expect(numbers(await next)).toEqual([4]);
    const never = new RunReading(host, key, { follow: true, after: 1000 });
    const nothing = never.next();
    await end();
    expect(await nothing).toEqual({ done: true, value: undefined });
  });

  it("tells readers of a shared log nothing that is not written", async () => {
    const { host, log, say } = await staged({ shared: true });
    const written = Promise.withResolvers<undefined>();
    const append = log.append.bind(log);
    log.append = async (...write) => {
      await written.promise;
      await append(...write);
    };
    const reading = new RunReading(host, key, { follow: true });
    let told = false;
    const first = reading.next().finally(() => {
      told = true;
    });
    await say("a");
    expect(told).toBe(false);
    written.resolve(undefined);
    expect(numbers(await first)).toEqual([0, 1, 2, 3]);
  });

  it("counts a reader from the first batch to the last", async () => {
    const { host, end, count } = await staged();
    const reading = new RunReading(host, key, { follow: true });
    expect(count()).toBe(0);
    await reading.next();
    expect(count()).toBe(1);
    await end();
    expect(await Array.fromAsync(reading)).toHaveLength(1);
    expect(count()).toBe(0);
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  });

  it("counts a reader no more who leaves in the middle, or before anything has come", async () => {
    const { host, count } = await staged();
    for await (const _ of new RunReading(host, key, { follow: true })) break;
    expect(count()).toBe(0);
    let left = 0;
    const announced = Promise.withResolvers<() => void>();
    const elsewhere = { ...host, find: () => undefined, announce: () => announced.promise };
    const reading = new RunReading(elsewhere, key, { follow: true });
    const first = reading.next();
    expect(count()).toBe(1);
    await reading.return();
    expect(await first).toEqual({ done: true, value: undefined });
    expect(count()).toBe(0);
    announced.resolve(() => {
      left += 1;
    });
    await announced.promise;
    expect(left).toBe(1);
  });

  it("ends with its signal's reason, once, whether somebody waits or not", async () => {
    const { host, count } = await staged();
    for (const waits of [true, false]) {
      const stop = new AbortController();
      const reading = new RunReading(host, key, { follow: true, signal: stop.signal });
      await reading.next();
      const waiting = waits ? reading.next() : undefined;
      stop.abort(new Error("enough"));
      await expect(waiting ?? reading.next()).rejects.toThrow("enough");
      expect(await reading.next()).toEqual({ done: true, value: undefined });
    }
    expect(count()).toBe(0);
  });

  it("fails with the log, and counts no more", async () => {
    const { host, log, count } = await staged();
    const reading = new RunReading({ ...host, find: () => undefined }, key, { follow: true });
    await reading.next();
    await log[Symbol.asyncDispose]();
    await expect(reading.next()).rejects.toMatchObject({ code: "unavailable" });
    expect(count()).toBe(0);
  });
});
