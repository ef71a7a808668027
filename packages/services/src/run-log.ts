import type { RunStatus, TerminalStatus } from "@agentscope-runtime/protocol";
import type { CallOptions } from "./call-options.ts";
import type { Page, PageOptions } from "./page.ts";

export interface RunKey {
  /** Whose run it is: the same run id of another owner is another run. */
  readonly ownerId: string;
  readonly runId: string;
}

/** The runs that take turns: those of one owner in one session. */
export interface RunLine {
  readonly ownerId: string;
  readonly userId: string;
  readonly sessionId: string;
}

/** What is known of a run from its beginning. */
export interface RunFacts {
  readonly agent: string;
  readonly sessionId: string;
  readonly userId: string;
  /** Tells a repeated request from another one that took the same id. Opaque here. */
  readonly requestHash: string;
}

export interface NewRun extends RunFacts {
  /** What was asked, for whoever begins the run: kept until the run has ended. Opaque here. */
  readonly request: string;
  /** Who may write it: the name of a replica. */
  readonly holder: string;
  /** What the protocol that asked wants to know of it later: kept as long as the run. Opaque here. */
  readonly note?: string | undefined;
  /** True: it is `queued` in an empty line too, until `begin`, so that it can still be amended. Default false. */
  readonly deferred?: boolean;
}

export interface RunRecord extends RunKey, RunFacts {
  /** Undefined when it was handed over and nobody has claimed it yet. A finished run keeps its last holder. */
  readonly holder: string | undefined;
  readonly status: RunStatus;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970; undefined while it waits or runs. */
  readonly endedAt: number | undefined;
  /** How many events it has: the number that the next one gets. */
  readonly eventCount: number;
}

export interface RunEntry {
  /** From 0, without gaps. */
  readonly sequence: number;
  /** The event as JSON text: encoded once, whoever listens. */
  readonly data: string;
}

export interface RunListOptions extends PageOptions {
  readonly sessionId?: string | undefined;
  readonly status?: RunStatus | undefined;
}

export interface RunReadOptions extends CallOptions {
  /** Begin behind this event. From the first by default. */
  readonly after?: number | undefined;
  /** Go on with what is still to come, until the run is finished. Default false: what is there now. */
  readonly follow?: boolean;
}

export interface RunWrite {
  /** Who writes: `conflict` unless it holds the run. */
  readonly holder: string;
  /** The number of the first event: `conflict` unless it is the next one. */
  readonly first: number;
  readonly events: readonly string[];
}

/** The run's last events, written together with its end. */
export interface RunEnd extends RunWrite {
  readonly status: TerminalStatus;
}

/** A change from what is expected to what shall be. */
export interface Change<T> {
  readonly from: T;
  readonly to: T;
}

/**
 * The append-only log of every run's events, and the lines in which runs wait for their session. Once disposed, every call
 * rejects with `unavailable`, also those that are waiting. `runLogContract` in `./testing` is the full text of this contract.
 *
 * A run is `queued` while an earlier run of its line is unfinished, then `in_progress` from `begin` on, then finished. One
 * holder at a time may write it; what any other writes is a `conflict`, so that a replica that was taken for dead does no
 * harm when it wakes up.
 */
export interface RunLog extends AsyncDisposable {
  /**
   * Begins a run: `in_progress` when its line is empty and it is not deferred, else `queued` behind the runs that are there. A run's place never
   * changes, and nobody gets a place before one that is taken. `conflict` when the owner has a run of that id.
   */
  create(key: RunKey, run: NewRun, options?: CallOptions): Promise<RunRecord>;

  /** The unfinished runs of a line in their order: the first 1,000. */
  line(line: RunLine, options?: CallOptions): Promise<readonly RunRecord[]>;

  /**
   * Makes a queued run `in_progress` when it is the first of its line, and returns what was asked; undefined while it is
   * not. A run that is in progress already returns it again. `conflict` when the holder is another or the run is finished,
   * `not_found` when there is none.
   */
  begin(key: RunKey, holder: string, options?: CallOptions): Promise<string | undefined>;

  /** Replaces what is asked while the run is queued. `conflict` when it is not queued, or not what was expected. */
  amend(key: RunKey, request: Change<string>, options?: CallOptions): Promise<void>;

  /** What is asked; undefined once the run has ended. `not_found` when there is none. */
  request(key: RunKey, options?: CallOptions): Promise<string | undefined>;

  /** What was noted at its creation; undefined when nothing was. `not_found` when there is none. */
  note(key: RunKey, options?: CallOptions): Promise<string | undefined>;

  /** Gives an unfinished run another holder; undefined hands it over to whoever claims it. `conflict` when it is held otherwise. */
  claim(key: RunKey, holder: Change<string | undefined>, options?: CallOptions): Promise<RunRecord>;

  /** Everybody who holds an unfinished run, in no order. */
  holders(options?: CallOptions): Promise<readonly string[]>;

  /** The unfinished runs of one holder, or those that were handed over, in the order in which they were created. */
  held(holder: string | undefined, options?: PageOptions): Promise<Page<RunRecord>>;

  /**
   * Adds events, all or none: numbered without gaps, so that two writers can never interleave. `conflict` while the run is
   * queued and once it is finished, `not_found` when there is none.
   */
  append(key: RunKey, write: RunWrite, options?: CallOptions): Promise<void>;

  /** Writes the last events and the final status in one step, once: `conflict` when the run is already finished. */
  finish(key: RunKey, end: RunEnd, options?: CallOptions): Promise<RunRecord>;

  /** Undefined when there is none, or when it is another owner's. */
  get(key: RunKey, options?: CallOptions): Promise<RunRecord | undefined>;

  /** The owner's runs, newest first. */
  list(ownerId: string, options?: RunListOptions): Promise<Page<RunRecord>>;

  /**
   * The run's events in order, each exactly once, in batches: whatever is there, at most 1,000 at a time. With `follow` it
   * waits for more and ends when the run is finished; any number of readers may follow, each at its own pace. `not_found`
   * when there is no such run, also when it is deleted meanwhile. Leaving the loop frees the reader.
   */
  read(key: RunKey, options?: RunReadOptions): AsyncIterable<readonly RunEntry[]>;

  /** Forgets the run and its events. Deleting what is not there is not an error. */
  delete(key: RunKey, options?: CallOptions): Promise<void>;
}
