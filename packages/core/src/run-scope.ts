import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type {
  CallOptions,
  FoundMemory,
  LoadOptions,
  MemorySearchOptions,
  MemoryService,
  NewMemory,
  Page,
  PageOptions,
  SavedState,
  SavedVersion,
  SaveOptions,
  SessionHistoryService,
  SessionKey,
  StateKey,
  StateService,
} from "@agentscope-runtime/services";
import { createOnce } from "./once.ts";
import type { Once } from "./once.ts";
import type { RunMemory, RunSession, RunState } from "./run-context.ts";

/** The services that agents may use. Whoever opened them closes them. */
export interface RunnerServices {
  /** Each run's input and output are appended when it ends, however it ends. */
  readonly sessions?: SessionHistoryService;
  readonly state?: StateService;
  readonly memory?: MemoryService;
}

/** The services cut down to one run: its user, its session, its agent, and the signal that stops it. */
export interface RunScope {
  readonly session: RunSession;
  readonly state: RunState;
  readonly memory: RunMemory;
  readonly once: Once;
}

interface ScopedRun {
  readonly runId: string;
  readonly agent: string;
  readonly signal: AbortSignal;
}

/** The services as they are for one run; where there is none, each call rejects with `unimplemented`. */
export function scopeServices({ sessions, state, memory }: RunnerServices, key: SessionKey, run: ScopedRun): RunScope {
  const { runId, agent, signal } = run;
  return {
    session: new ScopedSession(sessions, key, signal),
    state: new ScopedState(state, { ...key, name: agent }, signal),
    memory: new ScopedMemory(memory, key, signal),
    once: async (name, work, options) =>
      createOnce(present(state, "state"), { session: key, runId, signal })(name, work, options),
  };
}

class ScopedSession implements RunSession {
  readonly id: string;
  readonly userId: string;
  readonly #sessions: SessionHistoryService | undefined;
  readonly #signal: AbortSignal;

  constructor(sessions: SessionHistoryService | undefined, { sessionId, userId }: SessionKey, signal: AbortSignal) {
    this.id = sessionId;
    this.userId = userId;
    this.#sessions = sessions;
    this.#signal = signal;
  }

  async history(options?: PageOptions): Promise<Page<Message>> {
    const key = { userId: this.userId, sessionId: this.id };
    return present(this.#sessions, "sessions").read(key, scoped(options, this.#signal));
  }
}

class ScopedState implements RunState {
  readonly #state: StateService | undefined;
  readonly #key: StateKey;
  readonly #signal: AbortSignal;

  constructor(state: StateService | undefined, key: StateKey, signal: AbortSignal) {
    this.#state = state;
    this.#key = key;
    this.#signal = signal;
  }

  async load(options?: LoadOptions): Promise<SavedState | undefined> {
    return present(this.#state, "state").load(this.#key, scoped(options, this.#signal));
  }

  async save(state: unknown, options?: SaveOptions): Promise<SavedVersion> {
    return present(this.#state, "state").save(this.#key, state, scoped(options, this.#signal));
  }
}

class ScopedMemory implements RunMemory {
  readonly #memory: MemoryService | undefined;
  readonly #key: SessionKey;
  readonly #signal: AbortSignal;

  constructor(memory: MemoryService | undefined, key: SessionKey, signal: AbortSignal) {
    this.#memory = memory;
    this.#key = key;
    this.#signal = signal;
  }

  async search(query: string, options?: MemorySearchOptions): Promise<readonly FoundMemory[]> {
    const { userId } = this.#key;
    return present(this.#memory, "memory").search({ userId }, query, scoped(options, this.#signal));
  }

  async add(memories: readonly NewMemory[]): Promise<void> {
    await present(this.#memory, "memory").add(this.#key, memories, { signal: this.#signal });
  }
}

/** With the run's signal, where the agent gives none of its own. */
function scoped<T extends CallOptions>(options: T | undefined, signal: AbortSignal): T & CallOptions {
  return { ...options, signal: options?.signal ?? signal } as T & CallOptions;
}

function present<T>(service: T | undefined, name: keyof RunnerServices): T {
  if (service !== undefined) return service;
  throw new RuntimeError("unimplemented", `This agent has no ${name} service: give one as \`services.${name}\`.`);
}
