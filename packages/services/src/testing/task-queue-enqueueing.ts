import type { EnqueueOptions, TaskKey, TaskQueue } from "../task-queue.ts";
import { awkwardIds, awkwardPairs, awkwardText, longText } from "./awkward-text.ts";
import type { Contract } from "./contract.ts";
import { untilFinished, untilStatus } from "./task-queue-waiting.ts";
import { race } from "./race.ts";

const dayMs = 86_400_000;

const values: readonly unknown[] = [
  null,
  false,
  0,
  -1.5e-7,
  Number.MAX_SAFE_INTEGER,
  1e300,
  "",
  awkwardText,
  [],
  {},
  [[], [null, {}]],
  { a: { b: { c: [1, "2", true, null] } } },
  { "": 1, " ": 2, [awkwardText]: awkwardText, "a.b": 3, $ref: 4, toString: 5 },
];

/** What a {@link TaskQueue} promises to those who enqueue and ask. */
export const taskQueueEnqueueing: Contract<TaskQueue> = {
  "keeps a task until somebody works on its queue": async (queue) => {
    const key = await queue.enqueue("mail", { to: "ada" });
    expect(key).toEqual({ queue: "mail", taskId: expect.any(String) as string });
    const record = await queue.status(key);
    expect(record).toEqual({
      ...key,
      payload: { to: "ada" },
      status: "pending",
      attempts: 0,
      result: null,
      error: undefined,
      createdAt: expect.any(Number) as number,
      endedAt: undefined,
    });
    expect(Math.abs(Date.now() - (record?.createdAt ?? 0))).toBeLessThan(60_000);
    await queue.work("mail", async () => "sent");
    expect(await untilStatus(queue, key, "finished")).toMatchObject({ payload: { to: "ada" }, result: "sent" });
  },

  "gives every task an id of its own": async (queue, openPeer) => {
    const peer = await openPeer();
    const keys = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? queue : peer).enqueue("mail", "the same")),
    );
    expect(new Set(keys.map(({ taskId }) => taskId)).size).toBe(20);
  },

  "has no status of a task that nobody enqueued": async (queue) => {
    expect(await queue.status({ queue: "mail", taskId: "t1" })).toBeUndefined();
    await queue.enqueue("mail", "hello", { taskId: "t1" });
    expect(await queue.status({ queue: "mail", taskId: "t2" })).toBeUndefined();
    expect(await queue.status({ queue: "post", taskId: "t1" })).toBeUndefined();
  },

  "shows a replica the tasks of another one, and how they ended": async (queue, openPeer) => {
    const peer = await openPeer();
    const key = await queue.enqueue("mail", { to: "ada" });
    expect(await peer.status(key)).toEqual(await queue.status(key));
    await queue.work("mail", async () => ({ sent: true }));
    const record = await untilStatus(peer, key, "finished");
    expect(record).toMatchObject({ payload: { to: "ada" }, attempts: 1, result: { sent: true }, error: undefined });
    expect(record.endedAt).toBeGreaterThanOrEqual(record.createdAt);
    expect(await queue.status(key)).toEqual(record);
  },

  "carries any JSON value to the worker and back, as it was": async (queue, openPeer) => {
    const peer = await openPeer();
    const keys: TaskKey[] = [];
    for (const [index, payload] of values.entries())
      keys.push(await queue.enqueue("echo", payload, { taskId: String(index) }));
    for (const [index, key] of keys.entries()) expect((await queue.status(key))?.payload).toEqual(values[index]);
    await peer.work("echo", async ({ payload, taskId }) => {
      expect(payload).toEqual(values[Number(taskId)]);
      return payload;
    });
    const records = await untilFinished(queue, keys);
    expect(records.map(({ result }) => result)).toEqual(values);
    expect(records.map(({ payload }) => payload)).toEqual(values);
  },

  "takes names for properties that JavaScript has a use for": async (queue) => {
    await queue.work("echo", async ({ payload }) => payload);
    for (const text of ['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":1}}']) {
      const record = await untilStatus(queue, await queue.enqueue("echo", JSON.parse(text)), "finished");
      expect([record.payload, record.result].map((value) => JSON.stringify(value))).toEqual([text, text]);
    }
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  },

  "carries 1 MB to the worker and back": async (queue) => {
    const key = await queue.enqueue("echo", { text: longText() });
    await queue.work("echo", async ({ payload }) => payload);
    const { payload, result } = await untilStatus(queue, key, "finished");
    const text = JSON.stringify({ text: longText() });
    // `toEqual` would print both.
    expect(JSON.stringify(payload) === text).toBe(true);
    expect(JSON.stringify(result) === text).toBe(true);
  },

  "refuses a payload that JSON cannot hold": async (queue) => {
    const selfContaining: Record<string, unknown> = {};
    selfContaining["self"] = selfContaining;
    for (const payload of [undefined, NaN, 1n, () => 1, new Date(), new Map(), [undefined], selfContaining]) {
      await expect(queue.enqueue("mail", payload, { taskId: "t1" })).rejects.toMatchObject({
        code: "invalid_argument",
      });
    }
    expect(await queue.status({ queue: "mail", taskId: "t1" })).toBeUndefined();
  },

  "keeps its own copy of a payload, and gives copies that may be changed": async (queue) => {
    const payload = { list: [1] };
    const key = await queue.enqueue("mail", payload);
    payload.list.push(2);
    const record = await queue.status(key);
    expect(record?.payload).toEqual({ list: [1] });
    Object.assign(record?.payload ?? {}, { list: [] });
    expect((await queue.status(key))?.payload).toEqual({ list: [1] });
    const result = { list: [3] };
    await queue.work("mail", async (task) => {
      expect(task.payload).toEqual({ list: [1] });
      Object.assign(task.payload ?? {}, { list: [] });
      return result;
    });
    expect(await untilStatus(queue, key, "finished")).toMatchObject({ payload: { list: [1] }, result: { list: [3] } });
    result.list.push(4);
    expect(await queue.status(key)).toMatchObject({ result: { list: [3] } });
  },

  "takes any text as a queue's name and keeps every two apart": async (queue) => {
    for (const name of awkwardIds) await queue.enqueue(name, name, { taskId: "t1" });
    for (const name of awkwardIds)
      expect(await queue.status({ queue: name, taskId: "t1" })).toMatchObject({ queue: name, payload: name });
    for (const name of awkwardIds) await queue.work(name, async (task) => [name, task.queue, task.payload]);
    for (const name of awkwardIds) {
      const { result } = await untilStatus(queue, { queue: name, taskId: "t1" }, "finished");
      expect(result).toEqual([name, name, name]);
    }
  },

  "takes any text as a task's id and keeps every two apart": async (queue) => {
    for (const taskId of awkwardIds) await queue.enqueue("mail", taskId, { taskId });
    await queue.cancel({ queue: "mail", taskId: awkwardIds[0] ?? "" });
    await queue.work("mail", async (task) => [task.taskId, task.payload], { concurrency: 5 });
    for (const taskId of awkwardIds.slice(1)) {
      const record = await untilStatus(queue, { queue: "mail", taskId }, "finished");
      expect(record).toMatchObject({ taskId, payload: taskId, result: [taskId, taskId] });
    }
    expect(await queue.status({ queue: "mail", taskId: awkwardIds[0] ?? "" })).toMatchObject({ status: "canceled" });
  },

  "keeps tasks apart whose queue and id join to the same text": async (queue) => {
    for (const [name, taskId] of awkwardPairs) await queue.enqueue(name, [name, taskId], { taskId });
    for (const [name, taskId] of awkwardPairs)
      expect((await queue.status({ queue: name, taskId }))?.payload).toEqual([name, taskId]);
  },

  "leaves a task as it is when another comes under its id": async (queue, openPeer) => {
    const peer = await openPeer();
    const key = await queue.enqueue("mail", "first", { taskId: "t1" });
    expect(key).toEqual({ queue: "mail", taskId: "t1" });
    const record = await queue.status(key);
    expect(await peer.enqueue("mail", "second", { taskId: "t1", delayMs: dayMs, maxAttempts: 1 })).toEqual(key);
    expect(await queue.status(key)).toEqual(record);
    const done: unknown[] = [];
    await queue.work("mail", async ({ payload }) => done.push(payload));
    const finished = await untilStatus(queue, key, "finished");
    expect(await queue.enqueue("mail", "third", { taskId: "t1" })).toEqual(key);
    expect(await queue.status(key)).toEqual(finished);
    await untilStatus(queue, await queue.enqueue("mail", "next"), "finished");
    expect(done).toEqual(["first", "next"]);
  },

  "does a task once that 20 racers enqueue under one id, on two replicas": async (queue, openPeer) => {
    const peer = await openPeer();
    const key: TaskKey = { queue: "mail", taskId: "t1" };
    const racers = Array.from(
      { length: 20 },
      (_, racer) => () => (racer % 2 === 0 ? queue : peer).enqueue("mail", racer, { taskId: "t1" }),
    );
    expect(await race(racers)).toEqual({ won: Array.from({ length: 20 }, () => key), lost: [] });
    const done: unknown[] = [];
    await peer.work("mail", async ({ payload }) => done.push(payload));
    const { payload } = await untilStatus(queue, key, "finished");
    await untilStatus(queue, await queue.enqueue("mail", "next"), "finished");
    expect(done).toEqual([payload, "next"]);
  },

  "waits with a task for as long as it is told, to the second": async (queue) => {
    const begunAt = new Map<unknown, number>();
    await queue.work("mail", async ({ payload }) => begunAt.set(payload, performance.now()).size);
    const enqueuedAt = performance.now();
    const late = await queue.enqueue("mail", "late", { delayMs: 3000 });
    const never = await queue.enqueue("mail", "in 100 days", { delayMs: 100 * dayMs });
    expect(await queue.status(late)).toMatchObject({ status: "pending", attempts: 0 });
    const prompt = await queue.enqueue("mail", "prompt");
    expect(await untilFinished(queue, [prompt, late])).toMatchObject([{ result: 1 }, { result: 2 }]);
    expect((begunAt.get("late") ?? 0) - enqueuedAt).toBeGreaterThan(2000);
    expect(await queue.status(never)).toMatchObject({ status: "pending", attempts: 0 });
    expect(begunAt.size).toBe(2);
  },

  "refuses options that make no sense": async (queue) => {
    const bad: readonly EnqueueOptions[] = [
      ...[-1, 1.5, NaN, Infinity].flatMap((value) => [{ delayMs: value }, { retryDelayMs: value }]),
      ...[0, -1, 1.5, 101, NaN, Infinity].map((maxAttempts) => ({ maxAttempts })),
    ];
    for (const options of bad) {
      await expect(queue.enqueue("mail", "hello", { taskId: "t1", ...options })).rejects.toMatchObject({
        code: "invalid_argument",
      });
    }
    expect(await queue.status({ queue: "mail", taskId: "t1" })).toBeUndefined();
    for (const concurrency of [0, -1, 1.5, NaN, Infinity]) {
      await expect(queue.work("mail", async () => null, { concurrency })).rejects.toMatchObject({
        code: "invalid_argument",
      });
    }
    const good = { delayMs: 0, retryDelayMs: 0, maxAttempts: 100 };
    expect(await queue.enqueue("mail", "hello", { taskId: "t1", ...good })).toEqual({ queue: "mail", taskId: "t1" });
    expect(await queue.status({ queue: "mail", taskId: "t1" })).toMatchObject({ status: "pending", attempts: 0 });
  },
};
