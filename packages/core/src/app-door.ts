import { isTerminalStatus, newResponseId, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest, MultitaskStrategy, OnDisconnect } from "@agentscope-runtime/protocol";
import type { CallOptions, RunKey, SessionKey, Topic } from "@agentscope-runtime/services";
import type { Approvals, GrantedApproval } from "./approvals.ts";
import { decisionsIn, resumedIdOf, resumingRequest } from "./run-approvals.ts";
import type { Decided, DecidingCaller, DoorRequest, RunDoor } from "./run-door.ts";
import type { RunnerServices } from "./run-scope.ts";
import type { Runs, RunStart } from "./runs.ts";

export interface AppDoorOptions {
  /** The names of the app's agents, the first of which answers where none is named. */
  readonly agents: readonly string[];
  readonly runs: Runs;
  readonly topic: Topic;
  readonly approvals: Approvals;
  readonly services: RunnerServices;
  /** Where a request does not say. */
  readonly onDisconnect: OnDisconnect;
  readonly multitaskStrategy: MultitaskStrategy;
  /** Aborts when the app begins to close. */
  readonly closing: AbortSignal;
  /** Throws while the app is not ready. */
  readonly assertReady: () => void;
}

type Caller = Pick<DoorRequest, "identity" | "reader" | "traceparent">;

/** The door of an app: every protocol's way to its runs. */
export function createDoor(options: AppDoorOptions): RunDoor {
  const { agents, runs, topic, approvals, services, assertReady } = options;
  return {
    agents,
    sessions: services.sessions,
    state: services.state,
    topic,
    start: async (request) => {
      assertReady();
      return start(request);
    },
    read: (key, readOptions) => runs.read(key, readOptions),
    get: async (key, callOptions) => runs.get(key, callOptions),
    note: async (key, callOptions) => runs.note(key, callOptions),
    list: async (ownerId, listOptions) => runs.list(ownerId, listOptions),
    cancel: async (key, callOptions) => runs.cancel(key, callOptions),
    delete: async (key, callOptions) => runs.delete(key, callOptions),
    pendingApprovals: async (key, callOptions) => {
      const record = await runs.get(key, callOptions);
      return (await approvals.of(record, record.runId)).pending;
    },
    decide: async (key, decision, caller) => {
      assertReady();
      return decide(key, decision, caller);
    },
    resumed,
  };

  async function start({ agent: wanted, request, note, hasNewId, ...caller }: DoorRequest): Promise<RunKey> {
    const agent = nameOf(wanted);
    const decisions = decisionsIn(request.input);
    if (decisions.length === 0) return runs.start({ ...defaults(caller), agent, request, note, hasNewId });
    // A decision is bound to the run that it begins, so that run needs its id now.
    const id = request.id ?? newResponseId();
    const resuming: AgentRequest = { ...request, id };
    const { session_id: sessionId } = resuming;
    const userId = caller.identity?.userId ?? request.user_id ?? sessionId;
    if (sessionId === null || userId === null) {
      const message = "Invalid request: session_id: say in which session the approval was asked.";
      throw new RuntimeError("invalid_argument", message, { details: { field: "session_id" } });
    }
    const granted: GrantedApproval[] = [];
    for (const decision of decisions) {
      granted.push(await approvals.decide({ userId, sessionId }, { ...decision, resumedBy: id }));
    }
    const begun = await runs.start({ ...defaults(caller), agent, request: resuming, note, approvals: granted });
    await tellDecided({ userId, sessionId });
    return begun;
  }

  async function decide(
    key: RunKey,
    decision: Parameters<RunDoor["decide"]>[1],
    caller: DecidingCaller,
  ): Promise<Decided> {
    const record = await runs.get(key);
    const { runId, agent } = record;
    if (!isTerminalStatus(record.status)) {
      throw new RuntimeError("conflict", `Run ${runId} is still at work: answer when it has ended.`);
    }
    await approvals.decide(record, { ...decision, runId, resumedBy: resumedIdOf(runId) });
    const { decided, pending } = await approvals.of(record, runId);
    if (pending.length > 0) return { pending, resumed: undefined };
    const request = resumingRequest(record, decided);
    // Beside the request, which must be the same each time that it is decided.
    const onDisconnect = caller.onDisconnect ?? options.onDisconnect;
    const going = { ...defaults(caller), onDisconnect, agent, request, approvals: decided };
    const begun = await runs.start(going);
    await tellDecided(record);
    return { pending, resumed: begun };
  }

  async function resumed(key: RunKey, callOptions: CallOptions = {}): Promise<RunKey> {
    const signal = callOptions.signal ? AbortSignal.any([callOptions.signal, options.closing]) : options.closing;
    const record = await runs.get(key, { signal });
    // Listen first: what is decided between the look and the listening would be missed.
    await using decisions = await topic.subscribe(decisionsOf(record), { signal });
    const before = await goesOn(record);
    if (before !== undefined) return before;
    for await (const _ of decisions) {
      const next = await goesOn(record);
      if (next !== undefined) return next;
    }
    throw new RuntimeError("unavailable", "The connection to the other replicas is lost: try again.");
  }

  /** The run that was begun with decisions about this one's questions. */
  async function goesOn({ ownerId, runId, ...session }: RunKey & SessionKey): Promise<RunKey | undefined> {
    const { resumedBy } = await approvals.of(session, runId);
    for (const next of resumedBy) {
      const going = { ownerId, runId: next };
      if ((await runs.find(going)) !== undefined) return going;
    }
    return undefined;
  }

  /** Whoever misses it has lost the connection to the topic, and knows. */
  async function tellDecided(session: SessionKey): Promise<void> {
    await topic.publish(decisionsOf(session), "").catch(() => undefined);
  }

  function defaults({ identity, reader, traceparent }: Caller): Omit<RunStart, "agent" | "request"> {
    const { onDisconnect, multitaskStrategy } = options;
    return { identity, reader, traceparent, onDisconnect, multitaskStrategy };
  }

  function nameOf(wanted: string | undefined): string {
    const found = wanted === undefined ? agents[0] : agents.find((known) => known === wanted);
    if (found !== undefined) return found;
    throw new RuntimeError("not_found", `There is no agent ${String(wanted)}: choose one of ${agents.join(", ")}.`, {
      details: { field: "agent" },
    });
  }
}

/** Where it is told that questions of a session were answered. */
function decisionsOf({ userId, sessionId }: SessionKey): string {
  return `decisions/${JSON.stringify([userId, sessionId])}`;
}
