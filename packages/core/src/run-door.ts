import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import type {
  CallOptions,
  Page,
  RunEntry,
  RunKey,
  RunListOptions,
  RunReadOptions,
  RunRecord,
} from "@agentscope-runtime/services";
import type { Identity } from "./identity.ts";

export interface DoorRequest {
  /** One of the app's agents; its first by default. `not_found` when it has none of that name. */
  readonly agent?: string | undefined;
  readonly request: AgentRequest;
  readonly identity: Identity | undefined;
  /** Who waits for the run; when it aborts and no other reader is there, `on_disconnect` applies. */
  readonly reader?: AbortSignal | undefined;
  readonly traceparent?: string | undefined;
}

/** The one way into a run. Every protocol enters here, so every promise of a run's life holds behind each. */
export interface RunDoor {
  /** The names of the app's agents. The first one answers where a request names none. */
  readonly agents: readonly string[];
  /** Begins a run, or attaches to the one that the same request began. */
  start(request: DoorRequest): Promise<RunKey>;
  /** The run's events as JSON text, in order and in batches; with `follow`, until it ends. */
  read(key: RunKey, options?: RunReadOptions): AsyncIterable<readonly RunEntry[]>;
  /** `not_found` when there is none, or when it is another owner's. */
  get(key: RunKey, options?: CallOptions): Promise<RunRecord>;
  list(ownerId: string, options?: RunListOptions): Promise<Page<RunRecord>>;
  /** Resolves when the agent has stopped. */
  cancel(key: RunKey, options?: CallOptions): Promise<RunRecord>;
}

/** The last event of a run, as JSON text. */
export async function lastEntry(batches: AsyncIterable<readonly RunEntry[]>): Promise<RunEntry> {
  let last: RunEntry | undefined;
  for await (const batch of batches) last = batch.at(-1);
  if (last === undefined) throw new RuntimeError("internal", "The run has no events.");
  return last;
}
