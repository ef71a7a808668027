/** A2A 1.0 as JSON has it: ProtoJSON of the messages of the same names. */

export type TaskState =
  | "TASK_STATE_SUBMITTED"
  | "TASK_STATE_WORKING"
  | "TASK_STATE_COMPLETED"
  | "TASK_STATE_FAILED"
  | "TASK_STATE_CANCELED"
  | "TASK_STATE_INPUT_REQUIRED"
  | "TASK_STATE_REJECTED"
  | "TASK_STATE_AUTH_REQUIRED";

type Metadata = Readonly<Record<string, unknown>>;

/** Has exactly one of `text`, `raw` (base64), `url` and `data`. */
export interface A2aPart {
  readonly text?: string;
  readonly raw?: string;
  readonly url?: string;
  readonly data?: unknown;
  readonly metadata?: Metadata;
  readonly filename?: string;
  readonly mediaType?: string;
}

export interface A2aMessage {
  readonly messageId: string;
  readonly contextId?: string;
  readonly taskId?: string;
  readonly role: "ROLE_USER" | "ROLE_AGENT";
  readonly parts: readonly A2aPart[];
  readonly metadata?: Metadata;
  readonly extensions?: readonly string[];
  readonly referenceTaskIds?: readonly string[];
}

export interface A2aArtifact {
  readonly artifactId: string;
  readonly name?: string;
  readonly description?: string;
  readonly parts: readonly A2aPart[];
  readonly metadata?: Metadata;
}

export interface A2aTaskStatus {
  readonly state: TaskState;
  readonly message?: A2aMessage;
  /** ISO 8601; of states that a run is in, not of what it tells meanwhile. */
  readonly timestamp?: string;
}

export interface A2aTask {
  readonly id: string;
  readonly contextId: string;
  readonly status: A2aTaskStatus;
  readonly artifacts?: readonly A2aArtifact[];
  readonly history?: readonly A2aMessage[];
  readonly metadata?: Metadata;
}

interface StatusUpdate {
  readonly taskId: string;
  readonly contextId: string;
  readonly status: A2aTaskStatus;
}

export interface ArtifactUpdate {
  readonly taskId: string;
  readonly contextId: string;
  readonly artifact: A2aArtifact;
  readonly append?: boolean;
  readonly lastChunk?: boolean;
}

/** What SendMessage answers. */
export type SendResult = { readonly task: A2aTask } | { readonly message: A2aMessage };

/** One event of a stream: StreamResponse. */
export type StreamEvent =
  | SendResult
  | { readonly statusUpdate: StatusUpdate }
  | { readonly artifactUpdate: ArtifactUpdate };

const terminal: ReadonlySet<TaskState> = new Set<TaskState>([
  "TASK_STATE_COMPLETED",
  "TASK_STATE_FAILED",
  "TASK_STATE_CANCELED",
  "TASK_STATE_REJECTED",
]);

export function isTerminalState(state: TaskState): boolean {
  return terminal.has(state);
}

/** The task waits for its client. */
export function isInterrupted(state: TaskState): boolean {
  return state === "TASK_STATE_INPUT_REQUIRED" || state === "TASK_STATE_AUTH_REQUIRED";
}
