import { isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, OnDisconnect, RunStatus } from "@agentscope-runtime/protocol";
import type { RunKey, RunLog } from "@agentscope-runtime/services";
import { budgetSpent } from "./budget.ts";
import type { Logger } from "./logger.ts";

export interface LiveRunOptions {
  readonly key: RunKey;
  readonly log: RunLog;
  readonly logger: Logger;
  readonly onDisconnect: OnDisconnect;
  /** Characters of event text; a run that says more ends `incomplete`. */
  readonly maxRunLength: number;
}

/**
 * A run of this process. It writes its events to the log at its own pace; readers follow the log at theirs, so that a
 * slow one costs nothing. When the last reader is gone, `onDisconnect` decides.
 */
export class LiveRun {
  readonly key: RunKey;
  /** Resolves when the run has ended and its end is written. Never rejects. */
  readonly ended: Promise<void>;
  readonly #options: LiveRunOptions;
  readonly #controller = new AbortController();
  #status: RunStatus = "in_progress";
  #readers = 0;
  #grace: NodeJS.Timeout | undefined;

  /** Begins at once. `events` are the run's events as far as its end; it must stop when the signal aborts. */
  constructor(options: LiveRunOptions, events: (signal: AbortSignal) => AsyncIterable<AgentEvent>) {
    this.key = options.key;
    this.#options = options;
    this.ended = this.#record(events(this.#controller.signal)).finally(() => {
      clearTimeout(this.#grace);
    });
  }

  /** `unknown` when the end could not be written. */
  get status(): RunStatus {
    return this.#status;
  }

  /** Stops the agent. The run has stopped when `ended` resolves. */
  stop(reason: RuntimeError): void {
    this.#controller.abort(reason);
  }

  /** Counts a reader until its signal aborts. */
  addReader(signal: AbortSignal): void {
    clearTimeout(this.#grace);
    this.#readers += 1;
    const leave = (): void => {
      this.#readers -= 1;
      if (this.#readers === 0) this.#onLastReaderLeft();
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  }

  #onLastReaderLeft(): void {
    const { onDisconnect } = this.#options;
    if (onDisconnect === "continue" || this.#status !== "in_progress") return;
    const stop = (): void => {
      this.stop(new RuntimeError("canceled", "The caller hung up."));
    };
    if (onDisconnect === "cancel") stop();
    else this.#grace = setTimeout(stop, onDisconnect.grace).unref();
  }

  async #record(events: AsyncIterable<AgentEvent>): Promise<void> {
    const { key, log, logger, maxRunLength } = this.#options;
    let sequence = 0;
    let length = 0;
    try {
      for await (const event of events) {
        const data = JSON.stringify(event);
        if (event.object === "response" && isTerminalStatus(event.status)) {
          await log.finish(key, sequence, { status: event.status, events: [data] });
          this.#status = event.status;
        } else {
          await log.append(key, sequence, [data]);
        }
        sequence += 1;
        length += data.length;
        if (length > maxRunLength) this.stop(budgetSpent("output_length"));
      }
    } catch (thrown) {
      this.#status = "unknown";
      this.stop(RuntimeError.from(thrown));
      logger.error({ err: thrown, runId: key.runId }, "The run could not be written to the log.");
    }
  }
}
