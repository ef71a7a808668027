import type { RunLog } from "../run-log.ts";
import { collect } from "./collect.ts";
import type { Contract } from "./contract.ts";
import { expectAborted, expectDisposed } from "./refusals.ts";
import type { EveryCall } from "./refusals.ts";
import { runLogFinding } from "./run-log-finding.ts";
import { runLogHolding } from "./run-log-holding.ts";
import { runLogLines } from "./run-log-lines.ts";
import { runLogReading } from "./run-log-reading.ts";
import { runLogWriting } from "./run-log-writing.ts";
import { begin, eventsOf, holder, key, newRun } from "./runs.ts";
import { readEach } from "./read-each.ts";

const everyCall: EveryCall<RunLog> = (log, options) => ({
  create: () => log.create({ ...key, runId: "late" }, newRun, options),
  line: () => log.line({ ownerId: "ada", userId: "ada", sessionId: "tea" }, options),
  begin: () => log.begin(key, holder, options),
  amend: () => log.amend(key, { from: newRun.request, to: "late" }, options),
  request: () => log.request(key, options),
  note: () => log.note(key, options),
  claim: () => log.claim(key, { from: holder, to: "late" }, options),
  holders: () => log.holders(options),
  held: () => log.held(holder, options),
  append: () => log.append(key, { holder, first: 1, events: eventsOf(1) }, options),
  finish: () => log.finish(key, { holder, first: 1, status: "completed", events: [] }, options),
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
  ...runLogLines,
  ...runLogHolding,

  "does nothing once the signal is aborted": async (log) => {
    await begin(log, 1);
    await expectAborted(everyCall, log);
    expect((await log.list("ada")).items).toMatchObject([key]);
    expect(await log.get(key)).toMatchObject({ status: "in_progress", eventCount: 1, holder });
  },

  "refuses every call once it is disposed": async (log) => {
    await expectDisposed(everyCall, log);
  },
};
