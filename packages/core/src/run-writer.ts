import type { AgentEvent, TerminalStatus } from "@agentscope-runtime/protocol";
import type { RunKey, RunLog } from "@agentscope-runtime/services";
import type { LiveEntry } from "./live-entry.ts";
import { writeAgain } from "./write-durably.ts";

/** Characters of event text that may wait to be written before the agent has to wait too. */
const maxWaitingLength = 1024 * 1024;

export interface RunWriterOptions {
  readonly key: RunKey;
  readonly log: RunLog;
  /** As whom it writes. */
  readonly holder: string;
  /**
   * Whether others read the log too. Then readers are told an event when it is written, and not before: they may have to go
   * on elsewhere, and must find there what they have seen.
   */
  readonly shared: boolean;
  /** How long the log may be away before the run is given up, in milliseconds. Default 15,000. */
  readonly patienceMs: number | undefined;
}

/** Who reads a run live. */
export interface LiveReader {
  /** The number of the event that it wants next. */
  readonly position: number;
  /** Those that come next, maybe none; `isLast`: there are no more. */
  onEvents(entries: readonly LiveEntry[], isLast: boolean): void;
  /** The run does not tell any more: what is left is in the log. */
  onGone(): void;
}

/** Events that follow one another, and the number of the first. */
interface Batch {
  readonly first: number;
  readonly events: readonly string[];
}

type Values = readonly (AgentEvent | undefined)[];

/**
 * Writes the events of one run to the log, those of a tick in one step, and hands them to whoever reads them live. A reader
 * gets one batch and then has to ask again: one that is slow meanwhile falls back on the log, and costs nothing here.
 */
export class RunWriter {
  readonly #options: RunWriterOptions;
  readonly #onFailure: (thrown: unknown) => void;
  #events: string[] = [];
  /** Of each event its value, where that will not change any more. */
  #values: (AgentEvent | undefined)[] = [];
  #length = 0;
  /** How many events were given to the log, and how many readers may know. */
  #given = 0;
  #told = 0;
  #readers: readonly LiveReader[] = [];
  #scheduled = false;
  #writing: Promise<void> | undefined;
  #failure: { readonly thrown: unknown } | undefined;
  #over = false;

  /** `onFailure` is called when the log has refused: then nothing more is written. */
  constructor(options: RunWriterOptions, onFailure: (thrown: unknown) => void) {
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** Of one event, as JSON text, and as a value that nobody changes any more. It is written at the end of this tick. */
  add(event: string, value: AgentEvent | undefined): void {
    this.#events.push(event);
    this.#values.push(value);
    this.#length += event.length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Node runs this when all promises of this tick are settled.
    process.nextTick(RunWriter.#onTick, this);
  }

  /** What to wait for before more is added; undefined, mostly, when there is room. */
  room(): Promise<void> | undefined {
    if (this.#length <= maxWaitingLength) return undefined;
    this.#write();
    return this.#writing;
  }

  /** Calls the reader back once. False when what it wants next has to be read from the log. */
  read(reader: LiveReader): boolean {
    if (this.#over || reader.position < this.#told) return false;
    this.#readers = [...this.#readers, reader];
    return true;
  }

  /** Writes what waits, the last event, and the run's end. Rejects when the log refuses, or has refused. */
  async finish(status: TerminalStatus, last: Omit<LiveEntry, "sequence">): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.thrown;
    const { log, key, holder, shared } = this.#options;
    this.#events.push(last.data);
    this.#values.push(last.event);
    const values = this.#values;
    const batch = this.#take();
    const write = (): Promise<unknown> => log.finish(key, { holder, status, ...batch });
    const written = write();
    if (!shared) this.#tell(batch, values, true);
    await this.#isWritten(written, write);
    if (shared) this.#tell(batch, values, true);
  }

  /** Tells live readers to look into the log, now and from now on. */
  close(): void {
    this.#over = true;
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) reader.onGone();
  }

  static #onTick(this: void, writer: RunWriter): void {
    writer.#scheduled = false;
    writer.#write();
  }

  /** Writes what waits, unless something is being written: then it is next. */
  #write(): void {
    if (this.#events.length === 0 || this.#writing !== undefined || this.#failure !== undefined) return;
    const { log, key, holder, shared } = this.#options;
    const values = this.#values;
    const batch = this.#take();
    const write = (): Promise<void> => log.append(key, { holder, ...batch });
    const written = write();
    const onFailure = (thrown: unknown): void => {
      this.#fail(thrown);
    };
    if (shared) {
      this.#writing = this.#isWritten(written, write).then(() => {
        this.#tell(batch, values, false);
        this.#onWritten();
      }, onFailure);
    } else {
      // Its log is in this process: it is never away, and has done its work already.
      this.#tell(batch, values, false);
      written.catch(onFailure);
    }
  }

  #onWritten(): void {
    this.#writing = undefined;
    this.#write();
  }

  #fail(thrown: unknown): void {
    this.#writing = undefined;
    this.#failure = { thrown };
    this.#onFailure(thrown);
  }

  #take(): Batch {
    const first = this.#given;
    const events = this.#events;
    this.#events = [];
    this.#values = [];
    this.#length = 0;
    this.#given += events.length;
    return { first, events };
  }

  /** Repeats a write, while the log is away, that takes it to what it was given. */
  async #isWritten(written: Promise<unknown>, write: () => Promise<unknown>): Promise<void> {
    try {
      await written;
    } catch (thrown) {
      const { key, log, holder, patienceMs } = this.#options;
      const isDone = async (): Promise<boolean> => {
        const record = await log.get(key);
        return record?.holder === holder && record.eventCount === this.#given;
      };
      await writeAgain(write, { isDone, patienceMs }, thrown);
    }
  }

  #tell({ first, events }: Batch, values: Values, isLast: boolean): void {
    this.#told = first + events.length;
    this.#over = isLast;
    if (this.#readers.length === 0) return;
    const readers = this.#readers;
    this.#readers = [];
    const entries = events.map((data, index) => ({ sequence: first + index, data, event: values[index] }));
    for (const reader of readers) {
      const { position } = reader;
      if (position >= this.#told && !isLast) this.#readers = [...this.#readers, reader];
      else reader.onEvents(position > first ? entries.slice(position - first) : entries, isLast);
    }
  }
}
