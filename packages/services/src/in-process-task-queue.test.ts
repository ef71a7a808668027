import { InProcessTaskQueue } from "./index.ts";
import type { Task, TaskKey } from "./index.ts";
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
    const noon = Date.parse("2030-01-01T12:00:00Z");

    it("enqueues its task, and not a millisecond before", async () => {
      const clock = { time: noon - 20, asked: 0 };
      const now = (): number => {
        clock.asked++;
        return clock.time;
      };
      await using queue = new InProcessTaskQueue({ now });
      const begun: Task[] = [];
      await queue.work("mail", async (task) => begun.push(task));
      for (const name of ["a", "b"]) await queue.schedule("mail", { name, cron: "* * * * *", payload: { name } });
      clock.time = noon - 1;
      const askedBefore = clock.asked;
      await eventually(() => clock.asked > askedBefore + 10, { intervalMs: 1 }); // The timers are up, again and again.
      expect(begun).toEqual([]);
      clock.time = noon;
      await eventually(() => begun.length === 2);
      expect(new Set(begun.map(({ payload }) => payload))).toEqual(new Set([{ name: "a" }, { name: "b" }]));
      expect(new Set(begun.map(({ taskId }) => taskId)).size).toBe(2);
    });

    it("enqueues nothing for a schedule that was replaced or has ended", async () => {
      let time = noon - 20;
      await using queue = new InProcessTaskQueue({ now: () => time });
      const begun: unknown[] = [];
      await queue.work("mail", async ({ payload }) => begun.push(payload));
      for (const name of ["replaced", "ended"])
        await queue.schedule("mail", { name, cron: "* * * * *", payload: name });
      await queue.schedule("mail", { name: "replaced", cron: "0 0 1 1 *", payload: "much later" });
      await queue.unschedule("mail", "ended");
      await queue.schedule("mail", { name: "kept", cron: "* * * * *", payload: "kept" });
      time = noon;
      await eventually(() => begun.length > 0);
      expect(begun).toEqual(["kept"]);
    });

    it("enqueues it once, however many times have passed while the process was held up", async () => {
      let time = noon - 20;
      await using queue = new InProcessTaskQueue({ now: () => time });
      const begun: unknown[] = [];
      await queue.work("mail", async ({ payload }) => begun.push(payload));
      await queue.schedule("mail", { name: "a", cron: "* * * * *", payload: "a" });
      time = noon + 10.5 * minuteMs;
      await eventually(() => begun.length > 0);
      const marker = await queue.enqueue("mail", "marker", { delayMs: 20 });
      time += 20;
      await untilEnded(queue, marker);
      expect(begun).toEqual(["a", "marker"]);
    });

    it("enqueues another one whenever it comes again", async () => {
      const begunAt = Date.now();
      // Of its minutes it has only the last 20 ms.
      const now = (): number => {
        const passed = Date.now() - begunAt;
        return noon - 20 + Math.floor(passed / 20) * minuteMs + (passed % 20);
      };
      await using queue = new InProcessTaskQueue({ now });
      const begun: unknown[] = [];
      await queue.work("mail", async ({ payload }) => begun.push(payload));
      await queue.schedule("mail", { name: "a", cron: "* * * * *", payload: "a" });
      await eventually(() => begun.length >= 4);
      expect(new Set(begun)).toEqual(new Set(["a"]));
    });
  });
});
