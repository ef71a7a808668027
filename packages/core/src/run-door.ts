import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest, OnDisconnect } from "@agentscope-runtime/protocol";
import type {
  CallOptions,
  Page,
  RunEntry,
  RunKey,
  RunListOptions,
  RunReadOptions,
  RunRecord,
  SessionHistoryService,
  StateService,
  Topic,
} from "@agentscope-runtime/services";
import type { Decision } from "./approvals.ts";
import type { LiveEntry } from "./live-entry.ts";
import type { Identity } from "./identity.ts";
import type { Takeable } from "./takeable.ts";

export interface DoorRequest {
  /** One of the app's agents; its first by default. `not_found` when it has none of that name. */
  readonly agent?: string | undefined;
  readonly request: AgentRequest;
  readonly identity: Identity | undefined;
  /** Who waits for the run; when it aborts and no other reader is there, `on_disconnect` applies. */
  readonly reader?: AbortSignal | undefined;
  readonly traceparent?: string | undefined;
  /** Whether `request.id` was made for this very request, so that nobody can have begun its run: nobody looks for it. Default false. */
  readonly hasNewId?: boolean | undefined;
  /** What the protocol wants to know of the run later, beside what the run says: kept as long as the run. */
  readonly note?: string | undefined;
}

/** Who decides, and waits for the run that goes on. */
export interface DecidingCaller extends Pick<DoorRequest, "identity" | "reader" | "traceparent"> {
  /** Of the run that goes on. Null: the app's default. */
  readonly onDisconnect?: OnDisconnect | null;
}

export interface Decided {
  /** The run's questions that still wait for an answer. */
  readonly pending: readonly string[];
  /** The run that goes on with the answers, once none is pending. */
  readonly resumed: RunKey | undefined;
}

/** The one way into a run. Every protocol enters here, so every promise of a run's life holds behind each. */
export interface RunDoor {
  /** The names of the app's agents. The first one answers where a request names none. */
  readonly agents: readonly string[];
  /** What the app was given to keep sessions and state; a protocol keeps there what must outlive this process. */
  readonly sessions: SessionHistoryService | undefined;
  readonly state: StateService | undefined;
  /** How the app's replicas tell each other things: where the app was given none, in this process. */
  readonly topic: Topic;
  /** Begins a run, or attaches to the one that the same request began. */
  start(request: DoorRequest): Promise<RunKey>;
  /** The run's events as JSON text, in order and in batches; with `follow`, until it ends. */
  read(key: RunKey, options?: RunReadOptions): Takeable<readonly LiveEntry[]>;
  /** `not_found` when there is none, or when it is another owner's. */
  get(key: RunKey, options?: CallOptions): Promise<RunRecord>;
  /** What `start` was given as its note; undefined when nothing was. `not_found` as with `get`. */
  note(key: RunKey, options?: CallOptions): Promise<string | undefined>;
  list(ownerId: string, options?: RunListOptions): Promise<Page<RunRecord>>;
  /** Resolves when the agent has stopped, on whichever replica. */
  cancel(key: RunKey, options?: CallOptions): Promise<RunRecord>;
  /** Stops a run and forgets it with its events; what it said stays in its session. `not_found` as with `get`. */
  delete(key: RunKey, options?: CallOptions): Promise<void>;
  /** What a run has asked people and nobody has answered: ids of approvals. */
  pendingApprovals(key: RunKey, options?: CallOptions): Promise<readonly string[]>;
  /**
   * Answers one of a run's questions; the last answer begins the run that goes on. The same answer again gives the same
   * result; another one, or one that comes too late, is a `conflict`.
   */
  decide(key: RunKey, decision: Decision & { readonly id: string }, caller: DecidingCaller): Promise<Decided>;
  /**
   * Waits for the run that goes on with the answers to this one's questions, whoever gives them, at whichever door and replica.
   * Rejects with the signal's reason, and with `unavailable` when the app closes.
   */
  resumed(key: RunKey, options?: CallOptions): Promise<RunKey>;
}

/** The last event of a run, as JSON text. */
export async function lastEntry(batches: AsyncIterable<readonly RunEntry[]>): Promise<RunEntry> {
  let last: RunEntry | undefined;
  for await (const batch of batches) last = batch.at(-1);
  if (last === undefined) throw new RuntimeError("internal", "The run has no events.");
  return last;
}
