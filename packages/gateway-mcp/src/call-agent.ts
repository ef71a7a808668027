import type { RunDoor } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentResponse, McpApprovalRequest } from "@agentscope-runtime/protocol";
import { lastEntry } from "@agentscope-runtime/core";
import type { RunKey } from "@agentscope-runtime/services";
import { toAgentRequest } from "./agent-tool.ts";
import { ownerIdOf } from "./caller.ts";
import type { McpCaller } from "./caller.ts";
import type { AgentEntry } from "./catalog.ts";
import { toDecision } from "./elicitation.ts";
import { followRun } from "./follow-run.ts";
import type { Note } from "./run-telling.ts";
import { approvalRequired, questionsIn, toResult } from "./to-result.ts";
import type { RunResult } from "./to-result.ts";

export interface AgentCall {
  readonly runs: RunDoor;
  readonly entry: AgentEntry;
  readonly arguments: unknown;
  readonly caller: McpCaller;
  /** Cancels the run. */
  readonly signal: AbortSignal;
  /** Whether the client can ask its user. */
  readonly elicits: boolean;
  /** Told one after the other: the next one waits until the client has taken this one. */
  readonly onNote: ((note: Note, progress: number) => Promise<void>) | undefined;
}

/** What a client brings when it calls again with its user's answers. */
export interface Answers {
  /** As it was given with the questions. */
  readonly state: string;
  readonly responses: Readonly<Record<string, unknown>>;
}

export type AgentOutcome =
  | { readonly result: RunResult }
  /** The client asks its user, and calls again with the state. */
  | { readonly questions: readonly McpApprovalRequest[]; readonly state: string };

/** Runs an agent to its end, or to its questions. When the signal aborts, the run is stopped before this rejects. */
export async function callAgent(call: AgentCall, answers: Answers | undefined): Promise<AgentOutcome> {
  const { runs, entry, caller, signal } = call;
  const { agent, takesMessage, definition } = entry;
  if (answers !== undefined) {
    const going = await goOn(call, answers);
    return "questions" in going ? going : watch(call, going);
  }
  const request = toAgentRequest(call.arguments, { tool: definition.name, takesMessage });
  signal.throwIfAborted();
  return watch(call, await runs.start({ agent, request, ...caller }));
}

async function watch(call: AgentCall, key: RunKey): Promise<AgentOutcome> {
  const { runs, signal, elicits, onNote } = call;
  const telling = followRun(runs, key, { signal });
  try {
    for (;;) {
      const next = await telling.next();
      if (next.done === true) {
        const questions = questionsIn(next.value.response);
        const result = toResult(next.value.response);
        if (questions.length === 0) return { result };
        return elicits ? { questions, state: key.runId } : { result: approvalRequired(result, key.runId, questions) };
      }
      for (const { sequence, note } of next.value) await onNote?.(note, sequence + 1);
    }
  } catch (thrown) {
    if (signal.aborted) await runs.cancel(key);
    throw thrown;
  } finally {
    await telling.return(undefined as never); // What it would return is not read.
  }
}

/** Decides what was asked, and finds the run that goes on; asks again for what has no answer. */
async function goOn(
  { runs, entry, caller, signal }: AgentCall,
  { state, responses }: Answers,
): Promise<RunKey | Extract<AgentOutcome, { questions: unknown }>> {
  const key = { ownerId: ownerIdOf(caller), runId: state };
  const record = await runs.get(key, { signal }).catch((thrown: unknown) => {
    throw RuntimeError.is(thrown) && thrown.code === "not_found" ? badState() : thrown;
  });
  // A state is good for the agent that asked, and for nothing else.
  if (record.agent !== entry.agent) throw badState();
  const pending = await runs.pendingApprovals(key, { signal });
  for (const id of pending.filter((asked) => Object.hasOwn(responses, asked))) {
    const { resumed } = await runs.decide(key, { id, ...toDecision(responses[id]) }, caller);
    if (resumed !== undefined) return resumed;
  }
  const missing = new Set(await runs.pendingApprovals(key, { signal }));
  if (missing.size === 0) return runs.resumed(key, { signal }); // They were answered at another door.
  const { data } = await lastEntry(runs.read(key, { after: Math.max(record.eventCount - 2, 0), signal }));
  const questions = questionsIn(JSON.parse(data) as AgentResponse); // The last event of a run is one.
  return { questions: questions.filter(({ id }) => missing.has(id)), state };
}

function badState(): RuntimeError {
  return new RuntimeError("invalid_argument", "Invalid or expired requestState", {
    details: { reason: "invalid_request_state" },
  });
}
