import { EventEncoder, isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse, OnDisconnect, RunStatus, TerminalStatus } from "@agentscope-runtime/protocol";
import type { RunKey } from "@agentscope-runtime/services";
import { incompleteFor } from "./incomplete-for.ts";
import type { Logger } from "./logger.ts";
import { RunStop } from "./run-stop.ts";
import type { Emit } from "./runner.ts";
import { settled } from "./settled.ts";
import { RunWriter } from "./run-writer.ts";
import type { LiveReader, RunWriterOptions } from "./run-writer.ts";
import { writeDurably } from "./write-durably.ts";

export interface LiveRunOptions extends RunWriterOptions {
  readonly logger: Logger;
  readonly onDisconnect: OnDisconnect;
  /** Characters of event text; a run that says more ends `incomplete`. */
  readonly maxRunLength: number;
}

export interface LiveRunWork {
  /** Whether it is not the run's turn yet. */
  readonly waits: boolean;
  /** Waits until it is. */
  begin(signal: AbortSignal): Promise<void>;
  /** Must emit one response with a final status, last, and stop when it is told to. */
  run(emit: Emit, stop: RunStop): Promise<void>;
  /** The whole story of a run that ends before its turn. */
  endEarly(reason: RuntimeError): readonly AgentEvent[];
}

interface End {
  readonly event: AgentResponse;
  readonly status: TerminalStatus;
  readonly data: string;
}

/** A run of this process. When its last reader is gone, `onDisconnect` decides. */
export class LiveRun {
  readonly key: RunKey;
  /** Resolves when the run has ended and its end is written, or when it was handed over. Never rejects. */
  readonly ended: Promise<void>;
  readonly #options: LiveRunOptions;
  readonly #stop = new RunStop();
  readonly #encoder = new EventEncoder();
  readonly #writer: RunWriter;
  #status: RunStatus;
  #handingOver = false;
  #readers: readonly AbortSignal[] = [];
  #length = 0;
  #end: End | undefined;
  #grace: NodeJS.Timeout | undefined;

  /** Begins at once. */
  constructor(options: LiveRunOptions, work: LiveRunWork) {
    this.key = options.key;
    this.#options = options;
    this.#writer = new RunWriter(options, (thrown) => {
      this.stop(RuntimeError.from(thrown));
    });
    this.#status = work.waits ? "queued" : "in_progress";
    this.ended = this.#record(work);
  }

  /** `unknown` when the end could not be written. */
  get status(): RunStatus {
    return this.#status;
  }

  /** Stops the agent. The run has stopped when `ended` resolves. */
  stop(reason: RuntimeError): void {
    this.#stop.stop(reason);
  }

  /** Gives a run that has not begun to whichever replica claims it. */
  handOver(): void {
    if (this.#status !== "queued") return;
    this.#handingOver = true;
    this.stop(new RuntimeError("unavailable", "The run was handed over."));
  }

  /** Calls the reader back once. False when what it wants next has to be read from the log. */
  read(reader: LiveReader): boolean {
    return this.#writer.read(reader);
  }

  /** Counts a reader until its signal aborts; the same signal counts once. */
  addReader(signal: AbortSignal): void {
    if (this.#readers.includes(signal)) return;
    clearTimeout(this.#grace);
    this.#readers = [...this.#readers, signal];
    const leave = (): void => {
      this.#readers = this.#readers.filter((reader) => reader !== signal);
      if (this.#readers.length === 0) this.#onLastReaderLeft();
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
      const data = this.#encoder.encode(event);
      this.#length += data.length;
      if (event.object === "response" && isTerminalStatus(event.status)) {
        this.#end = { event, status: event.status, data };
        return undefined;
      }
      this.#writer.add(data, settled(event));
    }
    if (this.#length > this.#options.maxRunLength) this.stop(incompleteFor("output_length"));
    return this.#writer.room();
  };

  async #record(work: LiveRunWork): Promise<void> {
    const { key, logger } = this.#options;
    try {
      if (work.waits && !(await this.#begins(work))) return;
      await work.run(this.#emit, this.#stop);
      await this.#finish();
    } catch (thrown) {
      this.#status = "unknown";
      logger.error({ err: thrown, runId: key.runId }, "The run could not be written to the log.");
    } finally {
      clearTimeout(this.#grace);
      this.#writer.close();
    }
  }

  /** False when its turn never came, and everything is done about it. */
  async #begins(work: LiveRunWork): Promise<boolean> {
    const { signal } = this.#stop;
    try {
      await work.begin(signal);
      this.#status = "in_progress";
      return true;
    } catch (thrown) {
      if (this.#handingOver) {
        await this.#letGo();
        return false;
      }
      void this.#emit(work.endEarly(RuntimeError.from(signal.aborted ? signal.reason : thrown)));
      await this.#finish();
      return false;
    }
  }

  async #letGo(): Promise<void> {
    const { key, log, holder, patienceMs } = this.#options;
    const isDone = async (): Promise<boolean> => (await log.get(key))?.holder !== holder;
    await writeDurably(() => log.claim(key, { from: holder, to: undefined }), { isDone, patienceMs });
  }

  async #finish(): Promise<void> {
    if (this.#end === undefined) throw new RuntimeError("internal", "The run ended without a response.");
    const { event, status, data } = this.#end;
    this.#end = undefined;
    await this.#writer.finish(status, { data, event: settled(event) });
    this.#status = status;
  }
}
