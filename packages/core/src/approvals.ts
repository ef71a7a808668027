import { RuntimeError } from "@agentscope-runtime/protocol";
import { sha256 } from "@agentscope-runtime/services";
import type { SessionKey, StateService } from "@agentscope-runtime/services";
import { canonicalJson } from "./canonical-json.ts";

/** What a person is asked to allow. */
export interface AskedApproval {
  readonly id: string;
  readonly name: string;
  /** As the agent gave them: JSON, or JSON text. */
  readonly arguments: unknown;
}

export interface Decision {
  readonly approve: boolean;
  readonly reason?: string | undefined;
}

export interface DecisionOf extends Decision {
  /** Of the approval. */
  readonly id: string;
  /** The run that goes on with it. A decision begins one run only. */
  readonly resumedBy: string;
  /** The run that asked. Default: the last one that asked under this id. */
  readonly runId?: string;
}

/** A decision, as the run that it resumes is told. */
export interface GrantedApproval extends Decision {
  readonly id: string;
  /** The tool that was asked for. */
  readonly name: string;
  /** Of the tool and its arguments: see `approvalHash`. */
  readonly hash: string;
}

interface Approval {
  readonly id: string;
  readonly runId: string;
  readonly name: string;
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly decision?: Decision & { readonly resumedBy: string };
}

/** What one run has asked and what became of it. */
export interface RunApprovals {
  readonly decided: readonly GrantedApproval[];
  /** The ids that nobody has decided yet. */
  readonly pending: readonly string[];
  /** The runs that go on with decisions, or will when all are there. */
  readonly resumedBy: readonly string[];
}

export interface ApprovalsOptions {
  readonly state: StateService;
  /** How long an answer is waited for, in milliseconds. */
  readonly ttlMs: number;
}

/** So many are remembered of a session; beyond that the oldest ones are forgotten, the decided ones first. */
const mostApprovals = 200;
const mostTries = 20;

/**
 * What the agents of a session have asked people, and what they answered. It is kept in the state service, so it
 * outlives the process; each is decided once, and no later than it expires.
 */
export class Approvals {
  readonly #state: StateService;
  readonly #ttlMs: number;

  constructor({ state, ttlMs }: ApprovalsOptions) {
    this.#state = state;
    this.#ttlMs = ttlMs;
  }

  /** Keeps a question before it is told to anybody. Asking the same again changes nothing. */
  async ask(session: SessionKey, runId: string, asked: AskedApproval): Promise<void> {
    const { id, name } = asked;
    const approval = {
      id,
      runId,
      name,
      hash: approvalHash(name, asked.arguments),
      expiresAt: Date.now() + this.#ttlMs,
    };
    await this.#change(session, (approvals) => {
      const known = approvals.find((other) => other.id === id && other.runId === runId);
      if (known === undefined) return { next: shortened([...approvals, approval]), result: undefined };
      if (known.hash === approval.hash) return { next: undefined, result: undefined };
      throw new RuntimeError("internal", `The agent asked for two approvals under the id ${id}.`);
    });
  }

  /**
   * Decides. Deciding the same again is no error, so that a lost answer can be asked for again; deciding otherwise is a
   * `conflict`, as is deciding too late. `not_found` when nobody asked.
   */
  async decide(session: SessionKey, { id, runId, resumedBy, approve, reason }: DecisionOf): Promise<GrantedApproval> {
    const decision = { approve, reason, resumedBy };
    return this.#change(session, (approvals) => {
      const known = approvals.findLast((one) => one.id === id && (runId === undefined || one.runId === runId));
      if (known === undefined) {
        throw new RuntimeError("not_found", `Nobody in this session asks for the approval ${id}.`);
      }
      const { name, hash, decision: before } = known;
      const granted = { id, name, hash, approve, reason };
      if (before !== undefined) {
        if (before.approve === approve && before.resumedBy === resumedBy) return { next: undefined, result: granted };
        throw new RuntimeError("conflict", `The approval ${id} was decided already.`, {
          details: { approve: before.approve, resumedBy: before.resumedBy },
        });
      }
      if (known.expiresAt <= Date.now()) {
        throw new RuntimeError("conflict", `The approval ${id} has expired: ask the agent again.`, {
          details: { expiredAt: known.expiresAt },
        });
      }
      const next = approvals.map((approval) => (approval === known ? { ...approval, decision } : approval));
      return { next, result: granted };
    });
  }

  /** How far the decisions about one run are. */
  async of(session: SessionKey, runId: string): Promise<RunApprovals> {
    const { approvals } = await this.#load(session);
    const asked = approvals.filter((approval) => approval.runId === runId);
    return {
      decided: asked.flatMap(({ id, name, hash, decision }) =>
        decision === undefined ? [] : [{ id, name, hash, approve: decision.approve, reason: decision.reason }],
      ),
      pending: asked.filter(({ decision }) => decision === undefined).map(({ id }) => id),
      resumedBy: [...new Set(asked.flatMap(({ decision }) => decision?.resumedBy ?? []))],
    };
  }

  async #load(session: SessionKey): Promise<{ version: number; approvals: readonly Approval[] }> {
    const saved = await this.#state.load(keyOf(session));
    // Only `#change` writes there.
    return { version: saved?.version ?? 0, approvals: (saved?.state as readonly Approval[] | undefined) ?? [] };
  }

  /** Applies a change to what is there; again when another one came between. */
  async #change<T>(
    session: SessionKey,
    change: (approvals: readonly Approval[]) => { next: readonly Approval[] | undefined; result: T },
  ): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      const { version, approvals } = await this.#load(session);
      const { next, result } = change(approvals);
      if (next === undefined) return result;
      try {
        await this.#state.save(keyOf(session), next, { expectedVersion: version });
        return result;
      } catch (thrown) {
        if (!RuntimeError.is(thrown) || thrown.code !== "conflict" || tries === mostTries) throw thrown;
      }
    }
  }
}

/** What a decision is bound to: the tool and its arguments, in whatever order these stand. */
export function approvalHash(name: string, toolArguments: unknown): string {
  return sha256(canonicalJson([name, parsed(toolArguments)]));
}

function parsed(toolArguments: unknown): unknown {
  if (typeof toolArguments !== "string") return toolArguments;
  try {
    return JSON.parse(toolArguments);
  } catch {
    return toolArguments;
  }
}

function keyOf({ userId, sessionId }: SessionKey): SessionKey & { name: string } {
  return { userId, sessionId, name: "approvals" };
}

function shortened(approvals: readonly Approval[]): readonly Approval[] {
  if (approvals.length <= mostApprovals) return approvals;
  const decided = approvals.filter(({ decision }) => decision !== undefined);
  const dropped = new Set((decided.length > 0 ? decided : approvals).slice(0, approvals.length - mostApprovals));
  return approvals.filter((approval) => !dropped.has(approval)).slice(-mostApprovals);
}
