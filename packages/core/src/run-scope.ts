import { RuntimeError } from "@agentscope-runtime/protocol";
import type {
  CallOptions,
  MemoryService,
  SessionHistoryService,
  SessionKey,
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

export function scopeServices(
  { sessions, state, memory }: RunnerServices,
  key: SessionKey,
  { runId, agent, signal }: ScopedRun,
): RunScope {
  const stateKey = { ...key, name: agent };
  const scoped = <T extends CallOptions>(options: T | undefined): T & CallOptions =>
    ({ ...options, signal: options?.signal ?? signal }) as T & CallOptions;
  return {
    once: async (name, work, options) =>
      createOnce(present(state, "state"), { session: key, runId, signal })(name, work, options),
    session: {
      id: key.sessionId,
      userId: key.userId,
      history: async (options) => present(sessions, "sessions").read(key, scoped(options)),
    },
    state: {
      load: async (options) => present(state, "state").load(stateKey, scoped(options)),
      save: async (value, options) => present(state, "state").save(stateKey, value, scoped(options)),
    },
    memory: {
      search: async (query, options) =>
        present(memory, "memory").search({ userId: key.userId }, query, scoped(options)),
      add: async (memories) => {
        await present(memory, "memory").add({ userId: key.userId, sessionId: key.sessionId }, memories, { signal });
      },
    },
  };
}

function present<T>(service: T | undefined, name: keyof RunnerServices): T {
  if (service !== undefined) return service;
  throw new RuntimeError("unimplemented", `This agent has no ${name} service: give one as \`services.${name}\`.`);
}
