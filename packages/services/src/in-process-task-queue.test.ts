import { InProcessTaskQueue } from "./index.ts";
import type { TaskKey } from "./index.ts";
import { describeContract, eventually, taskQueueContract } from "./testing/index.ts";

describeContract("InProcessTaskQueue", taskQueueContract, { create: () => new InProcessTaskQueue() });

const minuteMs = 60_000;

async function untilEnded(queue: InProcessTaskQueue, key: TaskKey): Promise<void> {
  await eventually(async () => (await queue.status(key))?.endedAt !== undefined, { intervalMs: 1 });
}

describe("InProcessTaskQueue", () => {
  it("forgets the tasks that ended first, and only those, once there are too many", async () => {
    await using queue = new InProcessTaskQueue({ maxEndedTasks: 2 });
    const waiting = await queue.enqueue("later", "waits", { delayMs: minuteMs });
    const retried = await queue.enqueue("later", "waits again", { delayMs: minuteMs });
    await queue.cancel(retried);
    await queue.retry(retried);
    await queue.work("mail", async () => "sent");
    const keys = ["a", "b", "c"].map((taskId): TaskKey => ({ queue: "mail", taskId }));
    for (const { taskId } of keys) await untilEnded(queue, await queue.enqueue("mail", taskId, { taskId }));
    const found = await Promise.all([...keys, waiting, retried].map((key) => queue.status(key)));
    expect(found.map((record) => record?.payload)).toEqual([undefined, "b", "c", "waits", "waits again"]);
  });

  it("takes the id of a task that it has forgotten for a new one", async () => {
    await using queue = new InProcessTaskQueue({ maxEndedTasks: 0 });
    const done: unknown[] = [];
    await queue.work("mail", async ({ payload }) => done.push(payload));
    for (const payload of ["first", "second"]) {
      await queue.enqueue("mail", payload, { taskId: "t1" });
      await eventually(() => done.includes(payload), { intervalMs: 1 });
      await eventually(async () => (await queue.status({ queue: "mail", taskId: "t1" })) === undefined);
    }
    expect(done).toEqual(["first", "second"]);
  });

  it("has not begun a task when it has been enqueued", async () => {
    await using queue = new InProcessTaskQueue();
    const order: string[] = [];
    await queue.work("mail", async () => order.push("begun"));
    const enqueued = queue.enqueue("mail", null);
    order.push("enqueued");
    await untilEnded(queue, await enqueued);
    expect(order).toEqual(["enqueued", "begun"]);
  });

  it("is disposed when the workers have returned, also those of tasks that were canceled", async () => {
    const queue = new InProcessTaskQueue();
    const order: unknown[] = [];
    const begun = Promise.withResolvers<undefined>();
    await queue.work(
      "mail",
      async ({ payload }, { signal }) => {
        if (payload === "last") begun.resolve(undefined);
        await new Promise((resolve) => {
          signal.addEventListener("abort", resolve);
        });
        for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
        order.push(payload);
      },
      { concurrency: 2 },
    );
    const canceled = await queue.enqueue("mail", "canceled");
    await queue.enqueue("mail", "last");
    await begun.promise;
    await queue.cancel(canceled);
    await queue[Symbol.asyncDispose]();
    order.push("disposed");
    expect(order).toEqual(["canceled", "last", "disposed"]);
  });

  it("shares nothing with another one", async () => {
    await using queue = new InProcessTaskQueue();
    await using other = new InProcessTaskQueue();
    const key = await queue.enqueue("mail", "mine", { taskId: "t1" });
    expect(await other.status(key)).toBeUndefined();
    await other.enqueue("mail", "theirs", { taskId: "t1" });
    expect(await queue.status(key)).toMatchObject({ payload: "mine" });
  });

  describe("when the time of a schedule comes", () => {
    /** Runs like the real clock, from 50 ms before a whole minute. */
    function clockBeforeMinute(): { readonly now: () => number; ahead: number } {
      const begunAt = Date.now();
      const from = Math.ceil(begunAt / minuteMs) * minuteMs - 50;
      const clock = { ahead: from - begunAt, now: () => Date.now() + clock.ahead };
      return clock;
    }

    it("enqueues its task, not before, with an id and a copy of the payload of its own", async () => {
      const { now } = clockBeforeMinute();
      await using queue = new InProcessTaskQueue({ now });
      const begun: (TaskKey & { readonly payload: unknown; readonly at: number })[] = [];
      await queue.work("mail", async (task) => begun.push({ ...task, at: now() }));
      const dueAt = Math.ceil(now() / minuteMs) * minuteMs;
      for (const name of ["a", "b"]) await queue.schedule("mail", { name, cron: "* * * * *", payload: { name } });
      await eventually(() => begun.length === 2);
      expect(begun.map(({ payload }) => payload)).toEqual([{ name: "a" }, { name: "b" }]);
      expect(begun[0]?.taskId).not.toBe(begun[1]?.taskId);
      for (const { at } of begun) expect(at).toBeGreaterThanOrEqual(dueAt);
    });

    it("enqueues it once, however many times have passed while the process was held up", async () => {
      const clock = clockBeforeMinute();
      await using queue = new InProcessTaskQueue(clock);
      const begun: unknown[] = [];
      await queue.work("mail", async ({ payload }) => begun.push(payload));
      await queue.schedule("mail", { name: "a", cron: "* * * * *", payload: "a" });
      clock.ahead += 10 * minuteMs;
      await eventually(() => begun.length > 0);
      await untilEnded(queue, await queue.enqueue("mail", "marker", { delayMs: 20 }));
      expect(begun).toEqual(["a", "marker"]);
    });

    it("enqueues the next one when the next time comes", async () => {
      const begunAt = Date.now();
      const from = Math.ceil(begunAt / minuteMs) * minuteMs - 50;
      // Of its minutes it has only the last 50 ms.
      const now = (): number => {
        const passed = Date.now() - begunAt;
        return from + Math.floor(passed / 50) * minuteMs + (passed % 50);
      };
      await using queue = new InProcessTaskQueue({ now });
      const minutes: number[] = [];
      await queue.work("mail", async () => minutes.push(Math.floor(now() / minuteMs)));
      await queue.schedule("mail", { name: "a", cron: "* * * * *", payload: null });
      await eventually(() => minutes.length >= 4);
      expect(new Set(minutes).size).toBe(minutes.length);
    });
  });
});
