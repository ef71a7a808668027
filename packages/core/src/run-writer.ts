import type { TerminalStatus } from "@agentscope-runtime/protocol";
import type { RunEntry, RunKey, RunLog } from "@agentscope-runtime/services";
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

/** Is given the events that come next; `isLast` when they are the run's last, and undefined when the log has to be asked. */
export type LiveReader = (entries: readonly RunEntry[] | undefined, isLast: boolean) => void;

interface WaitingReader {
  readonly position: number;
  readonly onEvents: LiveReader;
}

/**
 * Writes the events of one run to the log, those of a tick in one step, and hands them to whoever reads them live. A reader
 * gets one batch and then has to ask again: one that is slow meanwhile falls back on the log, and costs nothing here.
 */
export class RunWriter {
  readonly #options: RunWriterOptions;
  readonly #onFailure: (thrown: unknown) => void;
  #events: string[] = [];
  #length = 0;
  /** How many events were given to the log, and how many readers may know. */
  #given = 0;
  #told = 0;
  #readers: WaitingReader[] = [];
  #scheduled = false;
  #writing: Promise<void> | undefined;
  #failure: { readonly thrown: unknown } | undefined;
  #over = false;

  /** `onFailure` is called when the log has refused: then nothing more is written. */
  constructor(options: RunWriterOptions, onFailure: (thrown: unknown) => void) {
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** Of one event, as JSON text. It is written at the end of this tick. */
  add(event: string): void {
    this.#events.push(event);
    this.#length += event.length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Node runs this when all promises of this tick are settled.
    process.nextTick(this.#onTick);
  }

  /** What to wait for before more is added; undefined, mostly, when there is room. */
  room(): Promise<void> | undefined {
    return this.#length > maxWaitingLength ? this.#write() : undefined;
  }

  /** Calls back once with the events from this number on. False when they have to be read from the log. */
  read(position: number, onEvents: LiveReader): boolean {
    if (this.#over || position < this.#told) return false;
    this.#readers.push({ position, onEvents });
    return true;
  }

  /** Writes what waits, the last event, and the run's end. Rejects when the log refuses, or has refused. */
  async finish(status: TerminalStatus, last: string): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.thrown;
    const { log, key, holder } = this.#options;
    this.#events.push(last);
    await this.#writeNext((first, events) => log.finish(key, { holder, first, status, events }), true);
  }

  /** Tells live readers to look into the log, now and from now on. */
  close(): void {
    this.#over = true;
    const readers = this.#readers;
    this.#readers = [];
    for (const { onEvents } of readers) onEvents(undefined, false);
  }

  readonly #onTick = (): void => {
    this.#scheduled = false;
    void this.#write();
  };

  #write(): Promise<void> | undefined {
    if (this.#events.length > 0 && this.#failure === undefined) this.#writing ??= this.#writeAll();
    return this.#writing;
  }

  /** Goes on until all is written. Never rejects. */
  async #writeAll(): Promise<void> {
    const { log, key, holder } = this.#options;
    try {
      while (this.#events.length > 0) {
        await this.#writeNext((first, events) => log.append(key, { holder, first, events }), false);
      }
    } catch (thrown) {
      this.#failure = { thrown };
      this.#onFailure(thrown);
    }
    this.#writing = undefined;
  }

  async #writeNext(
    write: (first: number, events: readonly string[]) => Promise<unknown>,
    isLast: boolean,
  ): Promise<void> {
    const first = this.#given;
    const events = this.#events;
    this.#events = [];
    this.#length = 0;
    this.#given += events.length;
    const { shared } = this.#options;
    try {
      const written = write(first, events);
      if (!shared) this.#tell(first, events, isLast);
      await written;
    } catch (thrown) {
      await this.#again(() => write(first, events), thrown);
    }
    if (shared) this.#tell(first, events, isLast);
  }

  /** Repeats a write that takes the log to what it was given. */
  async #again(write: () => Promise<unknown>, failure: unknown): Promise<void> {
    const { key, log, holder, patienceMs } = this.#options;
    const isDone = async (): Promise<boolean> => {
      const record = await log.get(key);
      return record?.holder === holder && record.eventCount === this.#given;
    };
    await writeAgain(write, { isDone, patienceMs }, failure);
  }

  #tell(first: number, events: readonly string[], isLast: boolean): void {
    this.#told = first + events.length;
    this.#over = isLast;
    if (this.#readers.length === 0) return;
    const readers = this.#readers;
    this.#readers = [];
    const entries = events.map((data, index) => ({ sequence: first + index, data }));
    for (const reader of readers) {
      const { position, onEvents } = reader;
      if (position < this.#told || isLast)
        onEvents(position > first ? entries.slice(position - first) : entries, isLast);
      else this.#readers.push(reader);
    }
  }
}
