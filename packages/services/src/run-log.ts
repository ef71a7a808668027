import type { RunStatus, TerminalStatus } from "@agentscope-runtime/protocol";
import type { CallOptions } from "./call-options.ts";
import type { Page, PageOptions } from "./page.ts";

export interface RunKey {
  /** Whose run it is: the same run id of another owner is another run. */
  readonly ownerId: string;
  readonly runId: string;
}

export interface NewRun {
  readonly agent: string;
  readonly sessionId: string;
  readonly userId: string;
  /** Tells a repeated request from another one that took the same id. Opaque here. */
  readonly requestHash: string;
}

export interface RunRecord extends RunKey, NewRun {
  readonly status: RunStatus;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970; undefined while it runs. */
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

export interface RunEnd {
  readonly status: TerminalStatus;
  /** The run's last events, written together with its end. */
  readonly events: readonly string[];
}

/**
 * The append-only log of every run's events. Once disposed, every call rejects with `unavailable`, also those that are
 * waiting. `runLogContract` in `./testing` is the full text of this contract.
 */
export interface RunLog extends AsyncDisposable {
  /** Begins a run, `in_progress`. `conflict` when its owner has one of that id. */
  create(key: RunKey, run: NewRun, options?: CallOptions): Promise<RunRecord>;

  /**
   * Adds events, all or none. `first` is the number of the first of them: `conflict` unless it is the next one, so that
   * two writers can never interleave. `conflict` too once the run is finished, `not_found` when there is none.
   */
  append(key: RunKey, first: number, events: readonly string[], options?: CallOptions): Promise<void>;

  /** Writes the last events and the final status in one step, once: `conflict` when the run is already finished. */
  finish(key: RunKey, first: number, end: RunEnd, options?: CallOptions): Promise<RunRecord>;

  /** Undefined when there is none, or when it is another owner's. */
  get(key: RunKey, options?: CallOptions): Promise<RunRecord | undefined>;

  /** The owner's runs, newest first. */
  list(ownerId: string, options?: RunListOptions): Promise<Page<RunRecord>>;

  /**
   * The run's events in order, each exactly once, in batches: whatever is there, at most 1,000 at a time. With `follow` it
   * waits for more and ends when the run is finished;
   * any number of readers may follow, each at its own pace. `not_found` when there is no such run, also when it is
   * deleted meanwhile. Leaving the loop frees the reader.
   */
  read(key: RunKey, options?: RunReadOptions): AsyncIterable<readonly RunEntry[]>;

  /** Forgets the run and its events. Deleting what is not there is not an error. */
  delete(key: RunKey, options?: CallOptions): Promise<void>;
}
