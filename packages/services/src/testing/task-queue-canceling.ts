import type { TaskQueue, TaskWorker } from "../task-queue.ts";
import type { Contract } from "./contract.ts";
import { eventually } from "./eventually.ts";
import { busyElsewhere, enqueueMany, HoldingWorker, patience, untilStatus } from "./task-queue-waiting.ts";

const dayMs = 86_400_000;
const nobodys = { queue: "mail", taskId: "nobody's" };

/** What a {@link TaskQueue} promises about ending a task early. */
export const taskQueueCanceling: Contract<TaskQueue> = {
  "never begins a task that was canceled while it was pending": async (queue, openPeer) => {
    const peer = await openPeer();
    const key = await queue.enqueue("mail", "no", { taskId: "t1" });
    const canceled = await peer.cancel(key);
    expect(canceled).toEqual({
      ...key,
      payload: "no",
      status: "canceled",
      attempts: 0,
      result: null,
      error: undefined,
      createdAt: expect.any(Number) as number,
      endedAt: expect.any(Number) as number,
    });
    expect(canceled.endedAt).toBeGreaterThanOrEqual(canceled.createdAt);
    expect(await queue.status(key)).toEqual(canceled);
    const done: unknown[] = [];
    await queue.work("mail", async ({ payload }) => done.push(payload));
    await untilStatus(queue, await queue.enqueue("mail", "yes"), "finished");
    expect(done).toEqual(["yes"]);
    expect(await queue.status(key)).toEqual(canceled);
  },

  "never begins a task that was canceled before its time had come, or during a pause": async (queue) => {
    const done: unknown[] = [];
    await queue.work("mail", async ({ payload }) => {
      done.push(payload);
      if (payload === "fails") throw new Error("No stamp.");
    });
    const failing = await queue.enqueue("mail", "fails", { retryDelayMs: 3000 });
    await eventually(async () => (await queue.status(failing))?.error !== undefined, patience);
    const delayed = await queue.enqueue("mail", "delayed", { delayMs: 2000 });
    expect(await queue.cancel(delayed)).toMatchObject({ status: "canceled", attempts: 0, error: undefined });
    expect(await queue.cancel(failing)).toMatchObject({ status: "canceled", attempts: 1, error: "No stamp." });
    const later = await queue.enqueue("mail", "later", { delayMs: 5000 });
    await untilStatus(queue, later, "finished");
    expect(done).toEqual(["fails", "later"]);
  },

  "aborts a task under way on another replica, and drops its result": async (queue, openPeer) => {
    const peer = await openPeer();
    const reasons: unknown[] = [];
    const stubborn: TaskWorker = async ({ payload }, { signal }) => {
      if (payload !== "long") return "next";
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
      reasons.push(signal.reason);
      return "too late";
    };
    await queue.work("mail", stubborn);
    const key = await queue.enqueue("mail", "long");
    await untilStatus(peer, key, "running");
    const canceled = await peer.cancel(key);
    expect(canceled).toMatchObject({ ...key, status: "canceled", attempts: 1, result: null, error: undefined });
    expect(canceled.endedAt).toBeGreaterThanOrEqual(canceled.createdAt);
    await eventually(() => reasons.length > 0, patience);
    expect(reasons).toMatchObject([{ code: "canceled" }]);
    // The worker has said by then how the first one ended.
    await untilStatus(peer, await peer.enqueue("mail", "short"), "finished");
    expect(await queue.status(key)).toEqual(canceled);
  },

  "does not try again what failed because it was canceled": async (queue, openPeer) => {
    const peer = await openPeer();
    const holding = new HoldingWorker();
    await peer.work("mail", holding.worker);
    const key = await queue.enqueue("mail", "long", { retryDelayMs: 0 });
    const { signal } = await holding.nth(1);
    const canceled = await queue.cancel(key);
    await eventually(() => signal.aborted, patience);
    const next = await queue.enqueue("mail", "short");
    (await holding.nth(2)).finish(null);
    await untilStatus(queue, next, "finished");
    expect(await peer.status(key)).toEqual(canceled);
    expect(holding.begun.map(({ task }) => task.payload)).toEqual(["long", "short"]);
  },

  "drops the result of a canceled attempt also when the task is under way again": async (queue, openPeer) => {
    const peer = await openPeer();
    const attempts: ((result: string) => void)[] = [];
    await queue.work("mail", async () => new Promise((resolve) => attempts.push(resolve)), { concurrency: 2 });
    const key = await queue.enqueue("mail", "hello", { maxAttempts: 1 });
    const first = await eventually(() => attempts[0], patience);
    await peer.cancel(key);
    await peer.retry(key);
    const second = await eventually(() => attempts[1], patience);
    first("of the first attempt");
    await busyElsewhere(queue);
    expect(await peer.status(key)).toMatchObject({ status: "running", attempts: 2, result: null });
    second("of the second attempt");
    expect(await untilStatus(peer, key, "finished")).toMatchObject({ attempts: 2, result: "of the second attempt" });
  },

  "leaves a task that has ended as it ended": async (queue, openPeer) => {
    const peer = await openPeer();
    await queue.work("mail", async ({ payload }) => {
      if (payload === "fails") throw new Error("No stamp.");
      return "sent";
    });
    const finished = await untilStatus(queue, await queue.enqueue("mail", "succeeds"), "finished");
    const failed = await untilStatus(queue, await queue.enqueue("mail", "fails", { maxAttempts: 1 }), "error");
    const canceled = await queue.cancel(await queue.enqueue("mail", "waits", { delayMs: dayMs }));
    for (const record of [finished, failed, canceled]) {
      expect(await peer.cancel(record)).toEqual(record);
      expect(await queue.status(record)).toEqual(record);
    }
  },

  "ends a task in one way only when it is canceled just as it finishes": async (queue, openPeer) => {
    const peer = await openPeer();
    const holding = new HoldingWorker();
    const worker = await queue.work("mail", holding.worker, { concurrency: 10 });
    const keys = await enqueueMany(queue, "mail", 10);
    await holding.nth(10);
    for (const { finish } of holding.begun) finish("sent");
    const records = await Promise.all(keys.map((key) => peer.cancel(key)));
    for (const { status, result } of records) {
      expect(["finished", "canceled"]).toContain(status);
      expect(result).toBe(status === "finished" ? "sent" : null);
    }
    await worker[Symbol.asyncDispose]();
    expect(await Promise.all(keys.map((key) => queue.status(key)))).toEqual(records);
  },

  "cancels nothing but the one task": async (queue) => {
    const holding = new HoldingWorker();
    await queue.work("mail", holding.worker, { concurrency: 2 });
    const [one, other] = await enqueueMany(queue, "mail", 2);
    if (one === undefined || other === undefined) throw new Error("Two tasks were enqueued.");
    const waiting = await queue.enqueue("post", null, { taskId: one.taskId });
    const held = [await holding.nth(1), await holding.nth(2)];
    await queue.cancel(one);
    const canceled = held.find(({ task }) => task.taskId === one.taskId);
    const left = held.find(({ task }) => task.taskId === other.taskId);
    await eventually(() => canceled?.signal.aborted, patience);
    expect(left?.signal.aborted).toBe(false);
    left?.finish("sent");
    expect(await untilStatus(queue, other, "finished")).toMatchObject({ result: "sent" });
    expect(await queue.status(waiting)).toMatchObject({ status: "pending" });
  },

  "cannot cancel what is not there": async (queue) => {
    const key = await queue.enqueue("mail", "hello");
    await expect(queue.cancel(nobodys)).rejects.toMatchObject({ code: "not_found" });
    await expect(queue.cancel({ ...key, queue: "post" })).rejects.toMatchObject({ code: "not_found" });
    expect(await queue.status(key)).toMatchObject({ status: "pending" });
  },
};
