import type { TaskQueue } from "../task-queue.ts";
import type { Contract } from "./contract.ts";
import { HoldingWorker, untilFinished, untilStatus } from "./task-queue-waiting.ts";

/** An engine takes a while to be sure that a worker is dead. */
const timeoutMs = 90_000;
const recovery = { timeoutMs: 60_000, intervalMs: 100 };

/** What a {@link TaskQueue} promises about tasks whose replica is gone. */
export const taskQueueRecovering: Contract<TaskQueue> = {
  "does again on another replica what was under way when a queue was disposed": {
    needsPeer: true,
    timeoutMs,
    check: async (queue, openPeer) => {
      const peer = await openPeer();
      const holding = new HoldingWorker();
      await peer.work("mail", holding.worker);
      const key = await queue.enqueue("mail", { to: "ada" });
      await holding.nth(1);
      await peer[Symbol.asyncDispose]();
      const next = new HoldingWorker();
      await queue.work("mail", next.worker);
      const { task, finish } = await next.nth(1, recovery);
      expect(task).toEqual({ ...key, payload: { to: "ada" }, attempt: 2 });
      finish("sent");
      expect(await untilStatus(queue, key, "finished")).toMatchObject({ attempts: 2, result: "sent" });
    },
  },

  "does again on another replica what was under way when a replica crashed": {
    needsPeer: true,
    timeoutMs,
    check: async (queue, openPeer, crash) => {
      const peer = await openPeer();
      const holding = new HoldingWorker();
      await peer.work("mail", holding.worker, { concurrency: 2 });
      const keys = [await queue.enqueue("mail", "one"), await queue.enqueue("mail", "two")];
      await holding.nth(2);
      await crash(peer);
      const attempts: string[] = [];
      await queue.work("mail", async ({ payload, attempt }) => attempts.push(`${String(payload)} ${attempt}`));
      for (const key of keys) {
        const record = await untilStatus(queue, key, "finished", recovery);
        expect(record).toMatchObject({ attempts: 2, error: undefined });
      }
      expect(attempts.toSorted()).toEqual(["one 2", "two 2"]);
    },
  },

  "ends as an error a task whose last attempt crashed, and lets it crash nobody else": {
    needsPeer: true,
    timeoutMs,
    check: async (queue, openPeer, crash) => {
      const peer = await openPeer();
      const holding = new HoldingWorker();
      await peer.work("mail", holding.worker);
      const key = await queue.enqueue("mail", "poison", { maxAttempts: 1 });
      await holding.nth(1);
      await crash(peer);
      const done: unknown[] = [];
      await queue.work("mail", async ({ payload }) => done.push(payload));
      const record = await untilStatus(queue, key, "error", recovery);
      expect(record).toMatchObject({ attempts: 1, result: null, error: expect.any(String) as string });
      await untilFinished(queue, [await queue.enqueue("mail", "harmless")]);
      expect(done).toEqual(["harmless"]);
    },
  },

  "does what waited when every replica was gone": {
    needsPeer: true,
    check: async (queue, openPeer) => {
      const key = await queue.enqueue("mail", { to: "ada" }, { taskId: "t1" });
      await queue[Symbol.asyncDispose]();
      const peer = await openPeer();
      expect(await peer.status(key)).toMatchObject({ status: "pending", payload: { to: "ada" } });
      await peer.work("mail", async () => "sent");
      expect(await untilStatus(peer, key, "finished")).toMatchObject({ result: "sent" });
    },
  },
};
