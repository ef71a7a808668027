import type { RouteRequest, RunDoor } from "@agentscope-runtime/core";
import { lastEntry } from "@agentscope-runtime/core";
import {
  agentRequestSchema,
  isTerminalStatus,
  mcpApprovalRequestSchema,
  parse,
  RuntimeError,
} from "@agentscope-runtime/protocol";
import type { AgentRequest, AgentResponse, MessageInput } from "@agentscope-runtime/protocol";
import type { CallOptions, RunKey, RunRecord } from "@agentscope-runtime/services";
import { fromMessages, toolNames } from "./from-messages.ts";
import { answersIn } from "./interrupts.ts";
import type { Answer } from "./interrupts.ts";
import { isObject } from "./is-object.ts";
import { newMessages } from "./new-messages.ts";
import type { NewMessages } from "./new-messages.ts";
import type { RunInput } from "./run-input.ts";
import type { Thread } from "./thread.ts";
import { dataOf } from "./to-messages.ts";

export interface Beginning {
  readonly runs: RunDoor;
  readonly agent: string | undefined;
  readonly thread: Thread;
  readonly request: Pick<RouteRequest, "http" | "identity">;
}

/**
 * Begins the run that an input asks for. The same input again attaches to its run, also when the run has ended; the id of
 * a run with anything new to say is a `conflict`.
 */
export async function beginRun(input: RunInput, beginning: Beginning): Promise<RunKey> {
  const { runs, agent, thread, request } = beginning;
  const { http, identity } = request;
  const { signal } = http;
  const caller = { identity, reader: signal, traceparent: http.headers["traceparent"] };
  const fresh = await newMessages(input, { thread, runs, signal });
  const key = { ownerId: thread.ownerId, runId: input.runId };
  // Once a run has ended, the session has what it was asked: a repeated request brings nothing new.
  if (fresh.kept && fresh.messages.length === 0 && isOf(thread, await find(runs, key, { signal }))) return key;
  const answers = await askedFor(answersIn(input.resume), { runs, thread, signal });
  const start = async (given: readonly Answer[]): Promise<RunKey> =>
    runs.start({ agent, request: toRequest(input, fresh, { thread, answers: given }), ...caller });
  try {
    const brings = !fresh.kept || fresh.messages.length > 0;
    return await (answers.length > 0 && !brings ? decide(answers, runs, { key, caller }) : start(answers));
  } catch (thrown) {
    const details = RuntimeError.is(thrown) && thrown.code === "conflict" ? thrown.details : {};
    // What nobody has answered in time may still be given up.
    if ("expiredAt" in details && answers.every(({ abandoned }) => abandoned)) return start([]);
    const { approve, resumedBy } = details;
    // The run that the same answer has begun already, when a client gives it again under another id.
    if (typeof resumedBy === "string" && answers[0]?.approve === approve) return { ...key, runId: resumedBy };
    throw thrown;
  }
}

async function find(runs: RunDoor, key: RunKey, options: CallOptions): Promise<RunRecord | undefined> {
  try {
    return await runs.get(key, options);
  } catch (thrown) {
    if (RuntimeError.is(thrown) && thrown.code === "not_found") return undefined;
    throw thrown;
  }
}

function isOf({ userId, sessionId }: Thread, run: RunRecord | undefined): boolean {
  return run?.sessionId === sessionId && run.userId === userId;
}

/**
 * The answers to what one run of the thread has asked; what nobody asked is left out. `invalid_argument` when one of the
 * run's questions has no answer: nobody may go on past a question in silence.
 */
async function askedFor(
  answers: readonly Answer[],
  { runs, thread, signal }: { readonly runs: RunDoor; readonly thread: Thread } & CallOptions,
): Promise<readonly Answer[]> {
  const runId = answers[0]?.runId;
  if (runId === undefined) return [];
  const key = { ownerId: thread.ownerId, runId };
  const run = await find(runs, key, { signal });
  if (run === undefined || !isOf(thread, run) || !isTerminalStatus(run.status)) return [];
  const asked = await questionsOf(run, runs, { signal });
  const given = answers.filter((answer) => answer.runId === runId && asked.has(answer.id));
  const pending = await runs.pendingApprovals(key, { signal });
  const missing = pending.filter((id) => !given.some((answer) => answer.id === id));
  if (missing.length === 0 || given.length === 0) return given;
  throw new RuntimeError("invalid_argument", "Invalid request: resume: answer or cancel every interrupt of the run.", {
    details: { field: "resume", missing: missing.map((id) => `${runId}/${id}`) },
  });
}

/** What a run that has ended has asked. */
async function questionsOf(run: RunRecord, runs: RunDoor, options: CallOptions): Promise<ReadonlySet<string>> {
  const { data } = await lastEntry(runs.read(run, { ...options, after: Math.max(run.eventCount - 2, 0) }));
  const { output } = JSON.parse(data) as AgentResponse; // The last event of a run is one.
  const asked = (output ?? []).filter(({ type }) => type === "mcp_approval_request");
  return new Set(asked.flatMap(({ content }) => dataOf(content ?? [], mcpApprovalRequestSchema)?.id ?? []));
}

/** Decides one after the other; the last answer begins the run that goes on. */
async function decide(
  answers: readonly Answer[],
  runs: RunDoor,
  { key, caller }: { readonly key: RunKey; readonly caller: Parameters<RunDoor["decide"]>[2] },
): Promise<RunKey> {
  let resumed: RunKey | undefined;
  for (const { runId, id, approve, reason } of answers) {
    const decided = await runs.decide({ ownerId: key.ownerId, runId }, { id, approve, reason }, caller);
    resumed = decided.resumed ?? resumed;
  }
  if (resumed === undefined) throw new RuntimeError("conflict", "The run has asked for more: answer that too.");
  return resumed;
}

function toRequest(
  input: RunInput,
  fresh: NewMessages,
  { thread, answers }: { readonly thread: Thread; readonly answers: readonly Answer[] },
): AgentRequest {
  // Nothing agreed is the empty object.
  const { threadId, runId, parentRunId, state = {}, context, forwardedProps, tools } = input;
  const said = fromMessages(fresh.messages, toolNames(input.messages));
  const request = {
    id: runId,
    session_id: threadId,
    user_id: thread.claimedUserId,
    input: [...said, ...answers.map(toApprovalResponse)],
    tools: tools.map(toTool),
    state,
    context,
    forwarded_props: forwardedProps,
    parent_run_id: parentRunId,
  };
  return parse(agentRequestSchema, request, "request");
}

function toApprovalResponse({ id, approve, reason }: Answer): MessageInput {
  const data = { approval_request_id: id, approve, reason };
  return { type: "mcp_approval_response", role: "user", content: [{ type: "data", data }] };
}

function toTool({ name, description, parameters }: RunInput["tools"][number]): Record<string, unknown> {
  return {
    type: "function",
    function: { name, description, parameters: isObject(parameters) ? parameters : { type: "object", properties: {} } },
  };
}
