import type { Schedule, Task, TaskQueue, TaskWorker } from "../task-queue.ts";
import { awkwardIds, awkwardText } from "./awkward-text.ts";
import type { Contract } from "./contract.ts";
import { eventually } from "./eventually.ts";
import { enqueueMany, untilFinished } from "./task-queue-waiting.ts";

const newYear: Schedule = { name: "greet", cron: "0 0 1 1 *", payload: { text: "Happy new year" } };
const everyMinute = "* * * * *";

const goodCrons: readonly string[] = [
  everyMinute,
  "0 0 1 1 *",
  "*/5 9-17 * * 1-5",
  "0,30 8-10,14 1,15 * *",
  "10-50/10 0 * * *",
  "0 12 * JAN,jul SUN",
  "0 12 * * 7",
  "0 0 29 2 *",
];

const badCrons: readonly string[] = [
  "",
  " ",
  "every day",
  "* * * *",
  "* * * * * *",
  "* * * * * * *",
  "60 * * * *",
  "* 24 * * *",
  "* * 0 * *",
  "* * 32 * *",
  "* * * 13 *",
  "* * * 0 *",
  "* * * * 8",
  "-1 * * * *",
  "1.5 * * * *",
  "*/0 * * * *",
  "50-10 * * * *",
  "a * * * *",
  "* * * * MOO",
  "@daily",
  "0 0 L * *",
  "0 0 ? * *",
  "0 0 * * 1#2",
  "0 0 31 2 *",
  "2030-01-01T00:00:00",
];

/** What a {@link TaskQueue} promises about tasks that come at their time. */
export const taskQueueScheduling: Contract<TaskQueue> = {
  "lists the schedules of a queue by name, on every replica": async (queue, openPeer) => {
    const peer = await openPeer();
    expect(await queue.schedules("mail")).toEqual([]);
    const tokyo: Schedule = { name: "b", cron: "30 9 * * 1-5", timeZone: "Asia/Tokyo", payload: awkwardText };
    await queue.schedule("mail", { ...newYear, name: "c" });
    await peer.schedule("mail", tokyo);
    await queue.schedule("mail", { ...newYear, name: "a", payload: null });
    await queue.schedule("post", { ...newYear, name: "d" });
    for (const replica of [queue, peer]) {
      expect(await replica.schedules("mail")).toEqual([
        { ...newYear, name: "a", timeZone: "UTC", payload: null },
        tokyo,
        { ...newYear, name: "c", timeZone: "UTC" },
      ]);
    }
  },

  "replaces the schedule of the same name": async (queue, openPeer) => {
    const peer = await openPeer();
    await queue.schedule("mail", newYear);
    const replacement: Schedule = { name: newYear.name, cron: "5 4 * * *", timeZone: "Europe/Paris", payload: [1] };
    await peer.schedule("mail", replacement);
    expect(await queue.schedules("mail")).toEqual([replacement]);
  },

  "ends a schedule, and ends it again without complaint": async (queue, openPeer) => {
    const peer = await openPeer();
    await queue.schedule("mail", newYear);
    await queue.schedule("mail", { ...newYear, name: "other" });
    await queue.schedule("post", newYear);
    await peer.unschedule("mail", newYear.name);
    await queue.unschedule("mail", newYear.name);
    await queue.unschedule("nobody's", newYear.name);
    expect(await queue.schedules("mail")).toMatchObject([{ name: "other" }]);
    expect(await queue.schedules("post")).toMatchObject([{ name: newYear.name }]);
  },

  "takes any text as a schedule's name and keeps every two apart": async (queue) => {
    for (const name of awkwardIds) await queue.schedule("mail", { ...newYear, name, payload: name });
    const listed = await queue.schedules("mail");
    expect(new Map(listed.map(({ name, payload }) => [name, payload]))).toEqual(
      new Map(awkwardIds.map((name) => [name, name])),
    );
    const left = [...awkwardIds];
    while (left.length > 0) {
      await queue.unschedule("mail", left.pop() ?? "");
      const names = (await queue.schedules("mail")).map(({ name }) => name);
      expect(names.toSorted()).toEqual(left.toSorted());
    }
  },

  "keeps the schedules of queues apart, whatever their names": async (queue) => {
    for (const name of awkwardIds) await queue.schedule(name, { ...newYear, payload: name });
    for (const name of awkwardIds) expect(await queue.schedules(name)).toMatchObject([{ payload: name }]);
  },

  "takes five fields as cron has them": async (queue) => {
    for (const cron of goodCrons) {
      await queue.schedule("mail", { ...newYear, cron });
      expect(await queue.schedules("mail")).toMatchObject([{ cron }]);
    }
  },

  "refuses a cron expression, a time zone or a payload that makes no sense": async (queue) => {
    for (const cron of badCrons) {
      await expect(queue.schedule("mail", { ...newYear, cron })).rejects.toMatchObject({ code: "invalid_argument" });
    }
    for (const timeZone of ["", "Mars/Olympus", "Europe/", "+25:00", "UTC; drop table"]) {
      await expect(queue.schedule("mail", { ...newYear, timeZone })).rejects.toMatchObject({
        code: "invalid_argument",
      });
    }
    for (const payload of [undefined, 1n, () => 1]) {
      await expect(queue.schedule("mail", { ...newYear, payload })).rejects.toMatchObject({
        code: "invalid_argument",
      });
    }
    expect(await queue.schedules("mail")).toEqual([]);
  },

  "enqueues exactly one task for two replicas when the time has come": {
    timeoutMs: 120_000,
    check: async (queue, openPeer) => {
      const peer = await openPeer();
      const done: Task[] = [];
      const minutes: string[] = [];
      const worker: TaskWorker = async (task) => {
        done.push(task);
        // Engines may be a second early.
        minutes.push(`${String(task.payload)} in minute ${Math.floor((Date.now() + 1000) / 60_000)}`);
      };
      for (const replica of [queue, peer]) await replica.work("mail", worker);
      // Not across the end of a minute, when what is still to be replaced would be due.
      await eventually(() => new Date().getSeconds() < 50, { timeoutMs: 15_000 });
      const due = ["a", "b", "c"];
      for (const name of due) await queue.schedule("mail", { name, cron: everyMinute, payload: name });
      await peer.schedule("mail", { name: "a", cron: everyMinute, payload: "a" });
      await queue.schedule("mail", { name: "replaced", cron: everyMinute, payload: "replaced" });
      await peer.schedule("mail", { ...newYear, name: "replaced" });
      await queue.schedule("mail", { name: "ended", cron: everyMinute, payload: "ended" });
      await peer.unschedule("mail", "ended");
      await queue.schedule("mail", newYear);
      expect(done).toEqual([]);
      await eventually(() => due.every((name) => done.some(({ payload }) => payload === name)), {
        timeoutMs: 90_000,
        intervalMs: 250,
      });
      // Whatever else came at that time is begun before these, as it is older.
      await untilFinished(queue, await enqueueMany(queue, "mail", 4));
      const scheduled = done.filter(({ payload }) => typeof payload !== "number");
      const records = await untilFinished(queue, scheduled);
      expect(records).toMatchObject(scheduled.map(() => ({ queue: "mail", attempts: 1 })));
      expect(new Set(records.map(({ payload }) => payload))).toEqual(new Set(due));
      // Each once a minute: a slow machine may see the next one, too.
      expect(minutes.toSorted()).toEqual([...new Set(minutes)].toSorted());
    },
  },
};
