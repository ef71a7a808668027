import type { TaskQueue } from "../task-queue.ts";
import type { Contract } from "./contract.ts";
import { expectAborted, expectDisposed } from "./refusals.ts";
import type { EveryCall } from "./refusals.ts";
import { taskQueueCanceling } from "./task-queue-canceling.ts";
import { taskQueueEnqueueing } from "./task-queue-enqueueing.ts";
import { taskQueueRecovering } from "./task-queue-recovering.ts";
import { taskQueueRetrying } from "./task-queue-retrying.ts";
import { taskQueueScheduling } from "./task-queue-scheduling.ts";
import { taskQueueWorking } from "./task-queue-working.ts";

const key = { queue: "mail", taskId: "t1" };
const schedule = { name: "greet", cron: "0 0 1 1 *", payload: null };

const everyCall: EveryCall<TaskQueue> = (queue, options) => ({
  enqueue: () => queue.enqueue("mail", "late", { taskId: "late", ...options }),
  work: () => queue.work("mail", async () => null, options),
  status: () => queue.status(key, options),
  cancel: () => queue.cancel(key, options),
  retry: () => queue.retry(key, options),
  schedule: () => queue.schedule("mail", { ...schedule, name: "late" }, options),
  schedules: () => queue.schedules("mail", options),
  unschedule: () => queue.unschedule("mail", schedule.name, options),
});

/** What it means to be a {@link TaskQueue}. */
export const taskQueueContract: Contract<TaskQueue> = {
  ...taskQueueEnqueueing,
  ...taskQueueWorking,
  ...taskQueueRetrying,
  ...taskQueueCanceling,
  ...taskQueueRecovering,
  ...taskQueueScheduling,

  "does nothing once the signal is aborted": async (queue) => {
    await queue.enqueue("mail", "on time", { taskId: key.taskId });
    await queue.schedule("mail", schedule);
    await expectAborted(everyCall, queue);
    expect(await queue.status({ ...key, taskId: "late" })).toBeUndefined();
    expect(await queue.status(key)).toMatchObject({ status: "pending", attempts: 0 });
    expect(await queue.schedules("mail")).toMatchObject([{ name: schedule.name }]);
  },

  "refuses every call once it is disposed": async (queue) => {
    await expectDisposed(everyCall, queue);
  },
};
