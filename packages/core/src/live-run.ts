import { encodeJson, isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, OnDisconnect, RunStatus, TerminalStatus } from "@agentscope-runtime/protocol";
import type { RunKey, RunLog } from "@agentscope-runtime/services";
import { incompleteFor } from "./incomplete-for.ts";
import type { Logger } from "./logger.ts";
import type { Emit } from "./runner.ts";
import { writeAgain, writeDurably } from "./write-durably.ts";

/** Characters of event text that may wait to be written before the agent has to wait too. */
const maxUnwrittenLength = 1024 * 1024;

export interface LiveRunOptions {
  readonly key: RunKey;
  readonly log: RunLog;
  /** As whom it writes. */
  readonly holder: string;
  readonly logger: Logger;
  readonly onDisconnect: OnDisconnect;
  /** Characters of event text; a run that says more ends `incomplete`. */
  readonly maxRunLength: number;
  /** How long the log may be away before the run is given up, in milliseconds. Default 15,000. */
  readonly patienceMs?: number | undefined;
}

export interface LiveRunWork {
  /** Waits until it is the run's turn; undefined when it is already. */
  readonly begin: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Must emit one response with a final status, last, and stop when the signal aborts. */
  readonly run: (emit: Emit, signal: AbortSignal) => Promise<void>;
  /** The whole story of a run that ends before its turn. */
  readonly endEarly: (reason: RuntimeError) => readonly AgentEvent[];
}

interface End {
  readonly status: TerminalStatus;
  readonly data: string;
}

/**
 * A run of this process. It writes its events to the log at its own pace; readers follow the log at theirs, so that a
 * slow one costs nothing. When the last reader is gone, `onDisconnect` decides.
 */
export class LiveRun {
  readonly key: RunKey;
  /** Resolves when the run has ended and its end is written, or when it was handed over. Never rejects. */
  readonly ended: Promise<void>;
  readonly #options: LiveRunOptions;
  readonly #controller = new AbortController();
  #status: RunStatus;
  #handingOver = false;
  readonly #readers = new Set<AbortSignal>();
  #unwritten: string[] = [];
  #unwrittenLength = 0;
  #written = 0;
  #length = 0;
  #writing: Promise<void> | undefined;
  #failure: { readonly thrown: unknown } | undefined;
  #end: End | undefined;
  #grace: NodeJS.Timeout | undefined;

  /** Begins at once. */
  constructor(options: LiveRunOptions, work: LiveRunWork) {
    this.key = options.key;
    this.#options = options;
    this.#status = work.begin === undefined ? "in_progress" : "queued";
    this.ended = this.#record(work).finally(() => {
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

  /** Gives a run that has not begun to whichever replica claims it. */
  handOver(): void {
    if (this.#status !== "queued") return;
    this.#handingOver = true;
    this.stop(new RuntimeError("unavailable", "The run was handed over."));
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
    if (onDisconnect === "continue" || isTerminalStatus(this.#status) || this.#handingOver) return;
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
    if (this.#length > this.#options.maxRunLength) this.stop(incompleteFor("output_length"));
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
        const first = this.#written;
        const events = this.#take();
        const { log, holder } = this.#options;
        const append = (): Promise<void> => log.append(this.key, { holder, first, events });
        try {
          await append();
        } catch (thrown) {
          await this.#again(append, thrown);
        }
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

  /** Repeats a write that takes the log to `#written` events. */
  async #again(write: () => Promise<unknown>, failure: unknown): Promise<void> {
    const { log, holder, patienceMs } = this.#options;
    const isDone = async (): Promise<boolean> => {
      const record = await log.get(this.key);
      return record?.holder === holder && record.eventCount === this.#written;
    };
    await writeAgain(write, { isDone, patienceMs }, failure);
  }

  async #letGo(): Promise<void> {
    const { key, log, holder, patienceMs } = this.#options;
    const isDone = async (): Promise<boolean> => (await log.get(key))?.holder !== holder;
    await writeDurably(() => log.claim(key, { from: holder, to: undefined }), { isDone, patienceMs });
  }

  async #record(work: LiveRunWork): Promise<void> {
    const { key, logger } = this.#options;
    try {
      if (work.begin !== undefined && !(await this.#begins(work.begin, work.endEarly))) return;
      await work.run(this.#emit, this.#controller.signal);
      await this.#writing;
      if (this.#failure !== undefined) throw this.#failure.thrown;
      if (this.#end === undefined) throw new RuntimeError("internal", "The run ended without a response.");
      await this.#finish(this.#end);
    } catch (thrown) {
      this.#status = "unknown";
      logger.error({ err: thrown, runId: key.runId }, "The run could not be written to the log.");
    }
  }

  /** False when its turn never came, and everything is done about it. */
  async #begins(begin: (signal: AbortSignal) => Promise<void>, endEarly: LiveRunWork["endEarly"]): Promise<boolean> {
    const { signal } = this.#controller;
    try {
      await begin(signal);
      this.#status = "in_progress";
      return true;
    } catch (thrown) {
      if (this.#handingOver) {
        await this.#letGo();
        return false;
      }
      void this.#emit(endEarly(RuntimeError.from(signal.aborted ? signal.reason : thrown)));
      if (this.#end !== undefined) await this.#finish(this.#end);
      return false;
    }
  }

  async #finish({ status, data }: End): Promise<void> {
    const { key, log, holder } = this.#options;
    const first = this.#written;
    const events = [...this.#take(), data];
    this.#written += 1;
    const finish = (): Promise<unknown> => log.finish(key, { holder, first, status, events });
    try {
      await finish();
    } catch (thrown) {
      await this.#again(finish, thrown);
    }
    this.#status = status;
  }
}
