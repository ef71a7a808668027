import { dataIn, parseCallOutput, placeText } from "@agentscope-runtime/core/adapter";
import type { CallOutputData } from "@agentscope-runtime/core/adapter";
import { mcpApprovalResponseSchema, parse, RuntimeError } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type { AgentScopeAgent } from "./agentscope-agent.ts";
import type { AgentScopeToolResultBlock } from "./agentscope-message.ts";
import { approvalId } from "./approval-id.ts";
import { askedNow, pendingCalls } from "./pending-calls.ts";
import type { PendingCall } from "./pending-calls.ts";
import { toStoredOutput } from "./tool-output.ts";

/** What a request is to the agent. */
export interface ReplyPlan {
  /** The framework's event that answers what the agent asked for. */
  readonly event?: object;
  /** Results of calls that the client was given and the agent has not asked for yet. */
  readonly early: readonly AgentScopeToolResultBlock[];
  /** Why a person refused, by the name of the tool. Only where the event leaves no call open: the agent reads it next. */
  readonly reasons: readonly string[];
  /** The event leaves no call open: messages can go with it. */
  readonly settlesAll: boolean;
  /** The other messages. */
  readonly messages: readonly Message[];
}

interface Decision {
  readonly id: string;
  readonly approve: boolean;
  readonly reason: string | null;
}

/**
 * Sorts a request into answers and the rest. The framework checks neither the ids, the names nor the reply of an answer, so this
 * does: an answer to what was not asked, or not in this reply, is an error and never reaches the agent.
 */
export function planReply(
  agent: AgentScopeAgent,
  input: readonly Message[],
  isApproved: (name: string, toolArguments: unknown) => boolean,
): ReplyPlan {
  const pending = pendingCalls(agent);
  const asked = askedNow(pending);
  const told = new Set(input.flatMap((message) => (isCall(message) ? callIdsOf(message) : [])));
  const isOpen = (message: Message): boolean =>
    message.type === "function_call_output" && callIdsOf(message).some((id) => !told.has(id));
  const decisions = input.flatMap((message, index) => decisionsOf(message, index));
  const outputs = input.flatMap((message, index) => (isOpen(message) ? outputsOf(message, index) : []));
  const messages = input.filter((message) => message.type !== "mcp_approval_response" && !isOpen(message));

  const isBegun = ({ id }: Decision): boolean =>
    pending.some(({ call }) => call.awaitUserConfirmation === false && approvalId(agent.replyId, call.id) === id);
  const decided = decisions.flatMap((decision) =>
    // A run that is tried again: the call was begun in the first try.
    isBegun(decision) ? [] : [decide(agent, asked, decision, isApproved)],
  );
  const results = outputs.map((output) => toResult(pending, output));
  const waiting = new Set(asked.map(({ call }) => call.id));
  const now = asked[0]?.waitsFor === "client" ? results.filter(({ id }) => waiting.has(id)) : [];
  const early = results.filter((result) => !now.includes(result));

  const answered = new Set([
    ...decided.flatMap(({ confirmed, call }) => (confirmed ? [] : [call.id])),
    ...results.map(({ id }) => id),
  ]);
  const settlesAll = pending.every(({ call }) => answered.has(call.id));
  const reasons = settlesAll ? decided.flatMap(({ reason }) => reason ?? []) : [];
  const event = eventOf(agent, decided, now);
  return { ...(event && { event }), early, reasons, settlesAll, messages };
}

interface Decided {
  readonly call: PendingCall["call"];
  readonly confirmed: boolean;
  readonly reason: string | undefined;
}

function decide(
  agent: AgentScopeAgent,
  asked: readonly PendingCall[],
  { id, approve, reason }: Decision,
  isApproved: (name: string, toolArguments: unknown) => boolean,
): Decided {
  const known = asked.find(({ call, waitsFor }) => waitsFor === "person" && approvalId(agent.replyId, call.id) === id);
  if (known === undefined) {
    const message = `No call waits for the approval ${id}: it was answered, or the conversation has gone on without it.`;
    throw new RuntimeError("conflict", message, { details: { approvalId: id } });
  }
  const { call } = known;
  if (approve && !isApproved(call.name, call.input)) {
    const message = `The approval ${id} does not allow this call of ${call.name}: ask for it again.`;
    throw new RuntimeError("permission_denied", message, { details: { approvalId: id } });
  }
  const why = approve || reason === null || reason === "" ? undefined : `I refused the call of ${call.name}: ${reason}`;
  return { call, confirmed: approve, reason: why };
}

function toResult(
  pending: readonly PendingCall[],
  { callId: id, output, name, isError }: CallOutputData,
): AgentScopeToolResultBlock {
  const known = pending.find(({ call, waitsFor }) => call.id === id && waitsFor === "client");
  if (known === undefined) {
    const message = `The output of ${id} answers no call that waits: it was answered, or the conversation has gone on without it.`;
    throw new RuntimeError("invalid_argument", message, { details: { callId: id } });
  }
  if (name !== undefined && name !== known.call.name) {
    const message = `The output of ${id} is of ${name}, and the call is of ${known.call.name}.`;
    throw new RuntimeError("invalid_argument", message, { details: { callId: id } });
  }
  return {
    type: "tool_result",
    id,
    name: known.call.name,
    output: toStoredOutput(output, id),
    state: isError ? "error" : "success",
  };
}

function eventOf(
  { replyId }: AgentScopeAgent,
  decided: readonly Decided[],
  results: readonly AgentScopeToolResultBlock[],
): object | undefined {
  const base = { id: crypto.randomUUID(), createdAt: new Date().toISOString(), replyId };
  if (decided.length > 0) {
    // The agent's own block: what a caller says of the call counts nothing.
    const confirmResults = decided.map(({ confirmed, call }) => ({ confirmed, toolCall: call }));
    return { ...base, type: "USER_CONFIRM_RESULT", confirmResults };
  }
  return results.length === 0 ? undefined : { ...base, type: "EXTERNAL_EXECUTION_RESULT", executionResults: results };
}

function isCall({ type }: Message): boolean {
  return type === "function_call" || type === "plugin_call" || type === "mcp_call";
}

function callIdsOf({ content }: Message): string[] {
  return (content ?? []).flatMap((part) => {
    const id = part.type === "data" ? part.data?.["call_id"] : undefined;
    return typeof id === "string" ? [id] : [];
  });
}

function decisionsOf(message: Message, index: number): Decision[] {
  if (message.type !== "mcp_approval_response") return [];
  const place = placeText({ index, kind: message.type });
  return dataIn(message).map((data) => {
    const { approval_request_id: id, approve, reason } = parse(mcpApprovalResponseSchema, data, place);
    return { id, approve, reason };
  });
}

function outputsOf(message: Message, index: number): CallOutputData[] {
  return dataIn(message).map((data) => parseCallOutput(data, { index, kind: message.type }));
}
