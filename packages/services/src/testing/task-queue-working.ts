import type { TaskQueue } from "../task-queue.ts";
import type { Contract } from "./contract.ts";
import { setTimeout as sleep } from "node:timers/promises";
import {
  busyElsewhere,
  enqueueMany,
  HoldingWorker,
  patience,
  untilFinished,
  untilStatus,
} from "./task-queue-waiting.ts";
import { eventually } from "./eventually.ts";

/** What a {@link TaskQueue} promises to those who work. */
export const taskQueueWorking: Contract<TaskQueue> = {
  "tells the worker what it does, and everyone that it is under way": async (queue, openPeer) => {
    const peer = await openPeer();
    const holding = new HoldingWorker();
    await queue.work("mail", holding.worker);
    const key = await peer.enqueue("mail", { to: "ada" }, { taskId: "t1" });
    const { task, signal, finish } = await holding.nth(1);
    expect(task).toEqual({ queue: "mail", taskId: "t1", payload: { to: "ada" }, attempt: 1 });
    expect(signal.aborted).toBe(false);
    expect(await untilStatus(peer, key, "running")).toMatchObject({ attempts: 1, result: null, endedAt: undefined });
    finish("sent");
    expect(await untilStatus(peer, key, "finished")).toMatchObject({ attempts: 1, result: "sent", error: undefined });
    expect(signal.aborted).toBe(false);
  },

  "takes the oldest task first": async (queue) => {
    const keys = await enqueueMany(queue, "mail", 10);
    const done: unknown[] = [];
    await queue.work("mail", async ({ payload }) => done.push(payload));
    await untilFinished(queue, keys);
    expect(done).toEqual(keys.map((_, index) => index));
  },

  "does each of 50 tasks exactly once, on two replicas": async (queue, openPeer) => {
    const peer = await openPeer();
    const done: unknown[] = [];
    for (const replica of [queue, peer])
      await replica.work("mail", async ({ payload }) => done.push(payload), { concurrency: 5 });
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    const keys = await Promise.all(numbers.map((number) => (number % 2 === 0 ? queue : peer).enqueue("mail", number)));
    expect(await untilFinished(queue, keys)).toMatchObject(numbers.map(() => ({ attempts: 1 })));
    expect(done.toSorted((left, right) => Number(left) - Number(right))).toEqual(numbers);
  },

  "gives work to every replica that has a free worker": async (queue, openPeer) => {
    const peer = await openPeer();
    const mine = new HoldingWorker();
    const theirs = new HoldingWorker();
    await queue.work("mail", mine.worker);
    await peer.work("mail", theirs.worker);
    const keys = await enqueueMany(queue, "mail", 2);
    const held = [await mine.nth(1), await theirs.nth(1)];
    for (const { finish } of held) finish(null);
    await untilFinished(queue, keys);
  },

  "does one task at a time by default": async (queue) => {
    const underWay = new Set<unknown>();
    const atOnce: number[] = [];
    await queue.work("mail", async ({ payload }) => {
      underWay.add(payload);
      await sleep(20); // The work.
      atOnce.push(underWay.size);
      underWay.delete(payload);
    });
    await untilFinished(queue, await enqueueMany(queue, "mail", 5));
    expect(atOnce).toEqual([1, 1, 1, 1, 1]);
  },

  "does as many tasks at once as it may, and no more": async (queue) => {
    const holding = new HoldingWorker();
    await queue.work("mail", holding.worker, { concurrency: 3 });
    const keys = await enqueueMany(queue, "mail", 7);
    await holding.nth(3);
    await busyElsewhere(queue);
    expect(holding.begun).toHaveLength(3);
    for (let count = 1; count <= keys.length; count++) (await holding.nth(count)).finish(count);
    await untilFinished(queue, keys);
    expect(new Set(holding.begun.map(({ task }) => task.payload)).size).toBe(keys.length);
    expect(holding.begun).toHaveLength(keys.length);
  },

  "begins the next task as soon as one of several is done": async (queue) => {
    const holding = new HoldingWorker();
    await queue.work("mail", holding.worker, { concurrency: 2 });
    const keys = await enqueueMany(queue, "mail", 4);
    const slow = await holding.nth(1);
    for (let count = 2; count <= 4; count++) (await holding.nth(count)).finish(null);
    await untilFinished(
      queue,
      keys.filter(({ taskId }) => taskId !== slow.task.taskId),
    );
    slow.finish(null);
    await untilFinished(queue, keys);
  },

  "works on several queues, none of which waits for another": async (queue) => {
    const holding = new HoldingWorker();
    await queue.work("slow", holding.worker);
    await queue.work("quick", async () => "done");
    const slow = await queue.enqueue("slow", null);
    await holding.nth(1);
    await untilFinished(queue, await enqueueMany(queue, "quick", 3));
    expect(await queue.status(slow)).toMatchObject({ status: "running" });
    holding.begun[0]?.finish(null);
    await untilStatus(queue, slow, "finished");
  },

  "takes nothing for a result of null": async (queue) => {
    await queue.work("mail", async () => undefined);
    const { result } = await untilStatus(queue, await queue.enqueue("mail", null), "finished");
    expect(result).toBeNull();
  },

  "waits for the tasks under way when a worker is disposed, and takes no more": async (queue, openPeer) => {
    const peer = await openPeer();
    const holding = new HoldingWorker();
    const worker = await queue.work("mail", holding.worker);
    const first = await queue.enqueue("mail", "first");
    const { signal, finish } = await holding.nth(1);
    const second = await queue.enqueue("mail", "second");
    const order: string[] = [];
    const disposing = worker[Symbol.asyncDispose]().then(() => order.push("disposed"));
    await busyElsewhere(peer);
    order.push("done");
    expect(signal.aborted).toBe(false);
    finish("sent");
    await disposing;
    expect(order).toEqual(["done", "disposed"]);
    expect(await peer.status(first)).toMatchObject({ status: "finished", result: "sent", attempts: 1 });
    expect(await peer.status(second)).toMatchObject({ status: "pending", attempts: 0 });
    await worker[Symbol.asyncDispose]();
    await peer.work("mail", async () => "sent by another");
    expect(await untilStatus(queue, second, "finished")).toMatchObject({ result: "sent by another", attempts: 1 });
    expect(holding.begun).toHaveLength(1);
  },

  "leaves the other workers of a queue at work when one is disposed": async (queue) => {
    const idle = await queue.work("mail", async () => "no");
    await queue.work("mail", async () => "yes");
    await idle[Symbol.asyncDispose]();
    const keys = await enqueueMany(queue, "mail", 3);
    const records = await untilFinished(queue, keys);
    expect(records.map(({ result }) => result)).toEqual(["yes", "yes", "yes"]);
  },

  "aborts with `unavailable` what is under way when the queue is disposed": async (queue, openPeer) => {
    const peer = await openPeer();
    const holding = new HoldingWorker();
    const worker = await peer.work("mail", holding.worker, { concurrency: 2 });
    await enqueueMany(queue, "mail", 2);
    const held = [await holding.nth(1), await holding.nth(2)];
    await peer[Symbol.asyncDispose]();
    await eventually(() => held.every(({ signal }) => signal.aborted), patience);
    expect(held.map(({ signal }): unknown => signal.reason)).toMatchObject([
      { code: "unavailable" },
      { code: "unavailable" },
    ]);
    await worker[Symbol.asyncDispose]();
  },
};
