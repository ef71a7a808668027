import type {
  AgentEvent,
  AgentResponse,
  Message,
  OnDisconnect,
  Run,
  RunStatus,
  Session,
} from "@agentscope-runtime/protocol";
import type { CallOptions } from "./call-options.ts";
import type { Page, PageOptions } from "./page.ts";
import type { RunRequest } from "./run-request.ts";
import type { RunWithResponse } from "./run.ts";
import type { TaskStatus } from "./task-status.ts";

export interface RunOptions extends CallOptions {
  /** One of the server's agents. Its first by default. */
  readonly agent?: string | undefined;
}

export interface ResumeOptions extends CallOptions {
  /** The `sequence_number` of the last event that is known already. From the first event by default. */
  readonly after?: number | undefined;
}

export interface RunListOptions extends PageOptions {
  readonly sessionId?: string | undefined;
  readonly status?: RunStatus | undefined;
}

/** A question of a run's. */
export interface ApprovalKey {
  readonly runId: string;
  readonly approvalId: string;
}

export interface Decision {
  readonly approve: boolean;
  /** The agent is told. */
  readonly reason?: string | undefined;
  /** Of the run that goes on. Null: the server's default. By default it goes on also when nobody follows it. */
  readonly onDisconnect?: OnDisconnect | null | undefined;
}

/** What a decision has led to. */
export interface Decided {
  /** The run's questions that still wait, by id. */
  readonly pending: readonly string[];
  /** The run that goes on with the answers, to be followed with `resume`; undefined while questions wait. */
  readonly runId: string | undefined;
}

/** Whose session it is; a server with authentication knows, and wants none. */
export interface SessionOptions extends CallOptions {
  readonly userId?: string | undefined;
}

export interface SessionListOptions extends SessionOptions, PageOptions {}

/** The events of one run. Nothing is sent before they are read; they can be read once. */
export interface RunStream extends AsyncIterable<AgentEvent> {
  /** Known before the request is sent. */
  readonly runId: string;
}

/**
 * An agent behind HTTP. Every failure is a RuntimeError with the server's code, message and details; `unavailable` when the
 * server cannot be reached. Only an aborted call rejects with its signal's reason.
 *
 * Calls are repeated when the network fails and when the server answers 429, 502, 503 or 504. A run has an id from the
 * start, so that the server knows a repeated request again.
 */
export interface AgentClient {
  /**
   * Runs the agent. The events come in order, each exactly once, also when the connection breaks in between; the last one
   * is a response with a final status, so that a run which failed is an event and not an exception.
   *
   * Leaving the loop stops the agent and waits for that, at most five seconds; aborting the signal stops it at once.
   * Neither does with an `on_disconnect` of "continue" or null: the client then only hangs up. A stream that fails leaves
   * the run to its `on_disconnect`, so that it can still be resumed.
   */
  run(request: RunRequest, options?: RunOptions): RunStream;

  /** Runs the agent and resolves with its response, also when that says `failed`. Aborting the signal is as in `run`. */
  query(request: RunRequest, options?: RunOptions): Promise<AgentResponse>;

  /**
   * Follows a run that was begun before, to its end. Leaving the loop only hangs up; the run's own `on_disconnect`
   * decides what becomes of it.
   */
  resume(runId: string, options?: ResumeOptions): RunStream;

  /** Resolves when the agent has stopped. A run that has ended stays as it ended. */
  cancel(runId: string, options?: CallOptions): Promise<Run>;

  getRun(runId: string, options?: CallOptions): Promise<RunWithResponse>;

  /** A run's questions that wait for a person's answer, by id. */
  pendingApprovals(runId: string, options?: CallOptions): Promise<readonly string[]>;

  /**
   * Answers a run's question, once. The same answer again leads to the same run; another one, or one that comes too late, is
   * a `conflict`.
   */
  decide(key: ApprovalKey, decision: Decision, options?: CallOptions): Promise<Decided>;

  /** Newest first. */
  listRuns(options?: RunListOptions): Promise<Page<Run>>;

  /** A user's sessions, last used first. */
  listSessions(options?: SessionListOptions): Promise<Page<Session>>;

  /** A session's newest messages, oldest of them first; the cursor leads to those before. */
  readMessages(sessionId: string, options?: SessionListOptions): Promise<Page<Message>>;

  /** Deleting what is not there is not an error. */
  deleteSession(sessionId: string, options?: SessionOptions): Promise<void>;

  /** Runs the server's first agent in the background. Resolves with the task's id, which is the run's too. */
  submitTask(request: RunRequest, options?: CallOptions): Promise<string>;

  getTask(taskId: string, options?: CallOptions): Promise<TaskStatus>;
}
