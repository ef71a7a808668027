import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Task, TaskQueue } from "../task-queue.ts";
import { awkwardText } from "./awkward-text.ts";
import type { Contract } from "./contract.ts";
import { race } from "./race.ts";
import { eventually } from "./eventually.ts";
import { HoldingWorker, patience, untilStatus } from "./task-queue-waiting.ts";

const dayMs = 86_400_000;
const once = { maxAttempts: 1 };
const nobodys = { queue: "mail", taskId: "nobody's" };

/** What a {@link TaskQueue} promises about tasks that fail, and about trying them again. */
export const taskQueueRetrying: Contract<TaskQueue> = {
  "tries a task three times by default, a second apart, and ends it with its error": async (queue, openPeer) => {
    const peer = await openPeer();
    const begun: (Task & { readonly at: number })[] = [];
    await queue.work("mail", async (task) => {
      begun.push({ ...task, at: performance.now() });
      throw new Error(`No stamp ${task.attempt}.`);
    });
    const key = await queue.enqueue("mail", { to: "ada" }, { taskId: "t1" });
    const record = await untilStatus(peer, key, "error");
    expect(record).toMatchObject({ attempts: 3, error: "No stamp 3.", result: null, payload: { to: "ada" } });
    expect(record.endedAt).toBeGreaterThanOrEqual(record.createdAt);
    expect(begun).toMatchObject([1, 2, 3].map((attempt) => ({ ...key, attempt, payload: { to: "ada" } })));
    const [first, second, third] = begun.map(({ at }) => at);
    expect((third ?? 0) - (first ?? 0)).toBeGreaterThan(500);
    expect(second).toBeGreaterThan(first ?? 0);
  },

  "tries a task as often as it is told": async (queue) => {
    const attempts: unknown[] = [];
    await queue.work("mail", async ({ taskId, attempt }) => {
      attempts.push([taskId, attempt]);
      throw new Error("No stamp.");
    });
    const one = await queue.enqueue("mail", null, { taskId: "one", maxAttempts: 1 });
    expect(await untilStatus(queue, one, "error")).toMatchObject({ attempts: 1, error: "No stamp." });
    const four = await queue.enqueue("mail", null, { taskId: "four", maxAttempts: 4, retryDelayMs: 0 });
    expect(await untilStatus(queue, four, "error")).toMatchObject({ attempts: 4, error: "No stamp." });
    expect(attempts).toEqual([
      ["one", 1],
      ["four", 1],
      ["four", 2],
      ["four", 3],
      ["four", 4],
    ]);
  },

  "finishes a task that succeeds at last, and forgets its error": async (queue) => {
    await queue.work("mail", async ({ attempt }) => {
      if (attempt < 3) throw new Error("No stamp.");
      return "sent";
    });
    const key = await queue.enqueue("mail", null, { retryDelayMs: 0 });
    expect(await untilStatus(queue, key, "finished")).toMatchObject({ attempts: 3, result: "sent", error: undefined });
  },

  "pauses before the next attempt, while others have their turn": async (queue, openPeer) => {
    const peer = await openPeer();
    await queue.work("mail", async ({ payload }) => {
      if (payload === "fails") throw new Error("No stamp.");
    });
    const key = await queue.enqueue("mail", "fails", { retryDelayMs: dayMs });
    const pausing = await eventually(async () => {
      const record = await peer.status(key);
      return record?.status === "pending" && record.attempts === 1 && record;
    }, patience);
    expect(pausing).toMatchObject({ error: "No stamp.", result: null, endedAt: undefined });
    await untilStatus(queue, await queue.enqueue("mail", "succeeds"), "finished");
    expect(await queue.status(key)).toMatchObject({ status: "pending", attempts: 1 });
  },

  "pauses for as long as it is told, to the second": async (queue) => {
    const begunAt: number[] = [];
    await queue.work("mail", async () => {
      begunAt.push(performance.now());
      throw new Error("No stamp.");
    });
    const key = await queue.enqueue("mail", null, { maxAttempts: 2, retryDelayMs: 3000 });
    await untilStatus(queue, key, "error");
    expect((begunAt[1] ?? 0) - (begunAt[0] ?? 0)).toBeGreaterThan(2000);
  },

  "keeps the words of an error": async (queue) => {
    const errors = [new Error(awkwardText), new RuntimeError("conflict", "Somebody else did.")];
    await queue.work("mail", async ({ payload }) => {
      throw errors[Number(payload)] ?? new Error("There are two.");
    });
    for (const [index, { message }] of errors.entries()) {
      const key = await queue.enqueue("mail", index, once);
      expect(await untilStatus(queue, key, "error")).toMatchObject({ error: message });
    }
  },

  "has words for whatever was thrown": async (queue) => {
    const thrown: readonly unknown[] = ["just words", undefined, null, 0, {}, Object.create(null)];
    await queue.work("mail", async ({ payload }) => {
      throw thrown[Number(payload)] as Error; // Not an error at all.
    });
    for (const index of thrown.keys()) {
      const record = await untilStatus(queue, await queue.enqueue("mail", index, once), "error");
      expect(record.error).toEqual(index === 0 ? "just words" : (expect.any(String) as string));
    }
  },

  "fails a task whose result JSON cannot hold": async (queue) => {
    await queue.work("mail", async () => ({ count: 1n }));
    const key = await queue.enqueue("mail", null, once);
    const record = await untilStatus(queue, key, "error");
    expect(record).toMatchObject({ attempts: 1, result: null });
    expect(record.error).toContain("JSON");
  },

  "gives a task that ended in error one more attempt": async (queue, openPeer) => {
    const peer = await openPeer();
    await queue.work("mail", async ({ attempt }) => {
      if (attempt < 4) throw new Error(`No stamp ${attempt}.`);
      return "sent";
    });
    const key = await queue.enqueue("mail", "hello", { maxAttempts: 2, retryDelayMs: 0 });
    expect(await untilStatus(queue, key, "error")).toMatchObject({ attempts: 2, error: "No stamp 2." });
    const retried = await peer.retry(key);
    expect(retried).toMatchObject({ ...key, payload: "hello", status: "pending", result: null, endedAt: undefined });
    expect(await untilStatus(queue, key, "error")).toMatchObject({ attempts: 3, error: "No stamp 3." });
    await queue.retry(key);
    const record = await untilStatus(peer, key, "finished");
    expect(record).toMatchObject({ attempts: 4, result: "sent", error: undefined });
  },

  "gives a task that was canceled one more attempt": async (queue, openPeer) => {
    const peer = await openPeer();
    const key = await queue.enqueue("mail", "hello", once);
    await queue.cancel(key);
    expect(await peer.retry(key)).toMatchObject({ ...key, status: "pending", endedAt: undefined });
    const holding = new HoldingWorker();
    await queue.work("mail", holding.worker);
    await holding.nth(1);
    await peer.cancel(key);
    await peer.retry(key);
    const again = await holding.nth(2);
    expect(again.task).toMatchObject({ ...key, attempt: 2 });
    again.finish("sent");
    expect(await untilStatus(queue, key, "finished")).toMatchObject({ attempts: 2, result: "sent" });
  },

  "begins what is retried at once, whatever delay or pause it had": async (queue) => {
    await queue.work("mail", async ({ payload, attempt }) => {
      if (payload === "fails" && attempt === 1) throw new Error("No stamp.");
      return "sent";
    });
    const delayed = await queue.enqueue("mail", "delayed", { delayMs: dayMs });
    const failing = await queue.enqueue("mail", "fails", { retryDelayMs: dayMs });
    await eventually(async () => (await queue.status(failing))?.error !== undefined, patience);
    for (const key of [delayed, failing]) {
      await queue.cancel(key);
      await queue.retry(key);
      expect(await untilStatus(queue, key, "finished")).toMatchObject({ result: "sent" });
    }
  },

  "does not retry what has not ended, or has finished": async (queue, openPeer) => {
    const peer = await openPeer();
    const key = await queue.enqueue("mail", "hello");
    await expect(queue.retry(key)).rejects.toMatchObject({ code: "conflict" });
    const holding = new HoldingWorker();
    await queue.work("mail", holding.worker);
    const { finish } = await holding.nth(1);
    await expect(peer.retry(key)).rejects.toMatchObject({ code: "conflict" });
    finish("sent");
    const record = await untilStatus(queue, key, "finished");
    await expect(peer.retry(key)).rejects.toMatchObject({ code: "conflict" });
    expect(await queue.status(key)).toEqual(record);
    await expect(queue.retry(nobodys)).rejects.toMatchObject({ code: "not_found" });
    await expect(queue.retry({ ...key, queue: "post" })).rejects.toMatchObject({ code: "not_found" });
  },

  "lets exactly one of 20 racers retry a task, on two replicas": async (queue, openPeer) => {
    const peer = await openPeer();
    const key = await queue.enqueue("mail", "hello", once);
    await queue.cancel(key);
    const racers = Array.from({ length: 20 }, (_, racer) => () => (racer % 2 === 0 ? queue : peer).retry(key));
    const { won, lost } = await race(racers);
    expect(won).toMatchObject([{ ...key, status: "pending" }]);
    expect(lost).toMatchObject(Array.from({ length: 19 }, () => ({ code: "conflict" })));
  },
};
