import { setTimeout as sleep } from "node:timers/promises";
import { isTerminalStatus } from "@agentscope-runtime/protocol";
import type { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions, RunKey, RunLog, RunRecord } from "@agentscope-runtime/services";
import type { LiveRuns } from "./live-runs.ts";
import type { Logger } from "./logger.ts";
import type { Replica } from "./replica.ts";
import { waitForEnd } from "./run-turns.ts";

/** How long the holder of a run may take to hear that it shall stop, before it is told again. */
const tellAgainMs = 1_000;

export interface RunStopperOptions {
  readonly runLog: RunLog;
  readonly live: LiveRuns;
  readonly replica: Replica;
  readonly logger: Logger;
  /** Takes over a run that nobody holds. */
  readonly adopt: (record: RunRecord) => Promise<void>;
}

/** Stops runs wherever they are. */
export class RunStopper {
  readonly #options: RunStopperOptions;

  constructor(options: RunStopperOptions) {
    this.#options = options;
  }

  /** Resolves when the run has ended, or is not there. */
  async stop({ ownerId, runId }: RunKey, reason: RuntimeError, options: CallOptions = {}): Promise<void> {
    const { runLog, live } = this.#options;
    const key = { ownerId, runId };
    const run = live.find(key);
    if (run !== undefined) {
      run.stop(reason);
      await run.ended;
      return;
    }
    const done = new AbortController();
    const signal = options.signal === undefined ? done.signal : AbortSignal.any([done.signal, options.signal]);
    const ended = waitForEnd(runLog, key, { signal }).finally(() => {
      done.abort();
    });
    await Promise.all([ended, this.#keepTelling(key, reason, signal)]);
  }

  /** Tells the run's holder, whoever that is by now, until the signal aborts. */
  async #keepTelling(key: RunKey, reason: RuntimeError, signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    while (!signal.aborted) {
      await this.#tell(key, reason).catch((thrown: unknown) => {
        logger.warn({ err: thrown, runId: key.runId }, "The run's replica could not be told to stop.");
      });
      await sleep(tellAgainMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #tell(key: RunKey, reason: RuntimeError): Promise<void> {
    const { runLog, live, replica, adopt } = this.#options;
    const record = await runLog.get(key);
    if (record === undefined || isTerminalStatus(record.status)) return;
    if (record.holder !== undefined && record.holder !== replica.name) {
      await replica.send(record.holder, { type: "stop", key, reason: reason.toJSON() });
      return;
    }
    if (record.holder === undefined) await adopt(record);
    live.find(key)?.stop(reason);
  }
}
