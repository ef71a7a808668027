import type { Message } from "@agentscope-runtime/protocol";
import type {
  FoundMemory,
  LoadOptions,
  MemorySearchOptions,
  NewMemory,
  Page,
  PageOptions,
  SavedState,
  SavedVersion,
  SaveOptions,
} from "@agentscope-runtime/services";
import type { Identity } from "./identity.ts";
import type { Logger } from "./logger.ts";
import type { Once } from "./once.ts";
import type { RunBudget } from "./run-budget.ts";

/** The conversation that the run belongs to, as it was before the run. */
export interface RunSession {
  readonly id: string;
  readonly userId: string;
  /** The newest messages, oldest of them first; 50 by default. The run's own input is not among them yet. */
  history(options?: PageOptions): Promise<Page<Message>>;
}

/** The agent's own state, kept between the runs of a session. */
export interface RunState {
  load(options?: LoadOptions): Promise<SavedState | undefined>;
  save(state: unknown, options?: SaveOptions): Promise<SavedVersion>;
}

/** What is remembered about the user, across sessions. */
export interface RunMemory {
  search(query: string, options?: MemorySearchOptions): Promise<readonly FoundMemory[]>;
  add(memories: readonly NewMemory[]): Promise<void>;
}

/** What an agent is given besides the request. */
export interface RunContext {
  readonly runId: string;
  /** The name that the app knows this agent by. */
  readonly agent: string;
  /** Who asks: from `authenticate` where the app has one, else from the request's `user_id`. */
  readonly identity: Identity;
  /** Aborts when the run has to stop. Pass it on to everything that waits. */
  readonly signal: AbortSignal;
  /** What the run may still use up. */
  readonly budget: RunBudget;
  /** Whether a person has allowed exactly this call, with the decision that this run was begun by. */
  readonly isApproved: (name: string, toolArguments: unknown) => boolean;
  /** These reject with `unimplemented` when the Runner was given no such service; `once` needs `state`. */
  readonly session: RunSession;
  readonly state: RunState;
  readonly memory: RunMemory;
  /** Does what must not happen twice, whatever crashes: payments, mails, orders. */
  readonly once: Once;
  /** Adds the run's id to each line. */
  readonly logger: Logger;
}
