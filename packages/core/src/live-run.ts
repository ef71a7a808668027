import { encodeJson, isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { OnDisconnect, RunStatus, TerminalStatus } from "@agentscope-runtime/protocol";
import type { RunKey, RunLog } from "@agentscope-runtime/services";
import { budgetSpent } from "./budget.ts";
import type { Logger } from "./logger.ts";
import type { Emit } from "./runner.ts";

/** Characters of event text that may wait to be written before the agent has to wait too. */
const maxUnwrittenLength = 1024 * 1024;

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
  readonly #readers = new Set<AbortSignal>();
  #unwritten: string[] = [];
  #unwrittenLength = 0;
  #written = 0;
  #length = 0;
  #writing: Promise<void> | undefined;
  #failure: { readonly thrown: unknown } | undefined;
  #end: { readonly status: TerminalStatus; readonly data: string } | undefined;
  #grace: NodeJS.Timeout | undefined;

  /** Begins at once. `run` must emit one response with a final status, last, and stop when the signal aborts. */
  constructor(options: LiveRunOptions, run: (emit: Emit, signal: AbortSignal) => Promise<void>) {
    this.key = options.key;
    this.#options = options;
    this.ended = this.#record(run).finally(() => {
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

  /** Counts a reader until its signal aborts; the same signal counts once. */
  addReader(signal: AbortSignal): void {
    if (this.#readers.has(signal)) return;
    clearTimeout(this.#grace);
    this.#readers.add(signal);
    const leave = (): void => {
      this.#readers.delete(signal);
      if (this.#readers.size === 0) this.#onLastReaderLeft();
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

  readonly #emit: Emit = (events) => {
    for (const event of events) {
      const data = encodeJson(event);
      this.#length += data.length;
      if (event.object === "response" && isTerminalStatus(event.status)) {
        this.#end = { status: event.status, data };
        return undefined;
      }
      this.#unwritten.push(data);
      this.#unwrittenLength += data.length;
    }
    if (this.#length > this.#options.maxRunLength) this.stop(budgetSpent("output_length"));
    this.#writing ??= this.#write();
    return this.#unwrittenLength > maxUnwrittenLength ? this.#writing : undefined;
  };

  /** Writes what one tick brought in one step, and goes on until all is written. A log that refuses stops the run. */
  async #write(): Promise<void> {
    await new Promise<void>((resolve) => {
      process.nextTick(resolve);
    });
    try {
      while (this.#unwritten.length > 0 && this.#end === undefined) {
        const events = this.#take();
        await this.#options.log.append(this.key, this.#written - events.length, events);
      }
      this.#writing = undefined;
    } catch (thrown) {
      this.#failure = { thrown };
      this.stop(RuntimeError.from(thrown));
    }
  }

  #take(): readonly string[] {
    const events = this.#unwritten;
    this.#unwritten = [];
    this.#unwrittenLength = 0;
    this.#written += events.length;
    return events;
  }

  async #record(run: (emit: Emit, signal: AbortSignal) => Promise<void>): Promise<void> {
    const { key, log, logger } = this.#options;
    try {
      await run(this.#emit, this.#controller.signal);
      await this.#writing;
      if (this.#failure !== undefined) throw this.#failure.thrown;
      const end = this.#end;
      if (end === undefined) throw new RuntimeError("internal", "The run ended without a response.");
      const events = [...this.#take(), end.data];
      await log.finish(key, this.#written - events.length + 1, { status: end.status, events });
      this.#status = end.status;
    } catch (thrown) {
      this.#status = "unknown";
      logger.error({ err: thrown, runId: key.runId }, "The run could not be written to the log.");
    }
  }
}
