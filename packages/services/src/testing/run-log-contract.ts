import type { RunLog } from "../run-log.ts";
import { collect } from "./collect.ts";
import type { Contract } from "./contract.ts";
import { expectAborted, expectDisposed } from "./refusals.ts";
import type { EveryCall } from "./refusals.ts";
import { runLogFinding } from "./run-log-finding.ts";
import { runLogReading } from "./run-log-reading.ts";
import { runLogWriting } from "./run-log-writing.ts";
import { begin, eventsOf, key, newRun } from "./runs.ts";
import { readEach } from "./read-each.ts";

const everyCall: EveryCall<RunLog> = (log, options) => ({
  create: () => log.create({ ...key, runId: "late" }, newRun, options),
  append: () => log.append(key, 1, eventsOf(1), options),
  finish: () => log.finish(key, 1, { status: "completed", events: [] }, options),
  get: () => log.get(key, options),
  list: () => log.list("ada", options),
  read: () => collect(readEach(log, key, options)),
  follow: () => collect(readEach(log, key, { follow: true, ...options })),
  delete: () => log.delete(key, options),
});

/** What it means to be a {@link RunLog}. */
export const runLogContract: Contract<RunLog> = {
  ...runLogWriting,
  ...runLogFinding,
  ...runLogReading,

  "does nothing once the signal is aborted": async (log) => {
    await begin(log, 1);
    await expectAborted(everyCall, log);
    expect((await log.list("ada")).items).toMatchObject([key]);
    expect(await log.get(key)).toMatchObject({ status: "in_progress", eventCount: 1 });
  },

  "refuses every call once it is disposed": async (log) => {
    await expectDisposed(everyCall, log);
  },
};
