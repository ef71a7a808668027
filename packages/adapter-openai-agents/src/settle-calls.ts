import { noResult } from "@agentscope-runtime/core/adapter";
import type { AgentFunctionCallItem, AgentFunctionCallResultItem, AgentItem } from "./agent-item.ts";

interface Call {
  readonly item: AgentFunctionCallItem;
  /** The result that answers it, wherever it stands. */
  result?: AgentFunctionCallResultItem;
  answered: boolean;
}

/**
 * Puts calls and their results into the order that models accept: every call has one result, before anybody else speaks, and every
 * result one call.
 */
export function settleCalls(items: readonly AgentItem[]): AgentItem[] {
  const { calls, results } = match(items);
  const settled: AgentItem[] = [];
  const open = new Set<Call>();
  const answer = (call: Call): void => {
    if (call.answered) return;
    call.answered = true;
    open.delete(call);
    settled.push(call.result ?? unanswered(call.item));
  };
  for (const item of items) {
    const call = calls.get(item);
    const answered = results.get(item);
    if (call !== undefined) {
      settled.push(item);
      open.add(call);
    } else if (answered !== undefined) answer(answered);
    else if (item.type !== "function_call" && item.type !== "function_call_result") {
      if (item.type === "message" && item.role !== "assistant") for (const each of open) answer(each);
      settled.push(item);
    }
  }
  for (const call of open) answer(call);
  return settled;
}

/** Which result answers which call. A call that is told again while it waits is one call; an id may come again later. */
function match(items: readonly AgentItem[]): {
  readonly calls: ReadonlyMap<AgentItem, Call>;
  readonly results: ReadonlyMap<AgentItem, Call>;
} {
  const waiting = new Map<string, Call>();
  const calls = new Map<AgentItem, Call>();
  const results = new Map<AgentItem, Call>();
  for (const item of items) {
    if (item.type === "function_call") {
      const known = waiting.get(item.callId);
      if (known?.item.name === item.name && known.item.arguments === item.arguments) continue;
      const call: Call = { item, answered: false };
      calls.set(item, call);
      waiting.set(item.callId, call);
    } else if (item.type === "function_call_result") {
      const call = waiting.get(item.callId);
      if (call === undefined) continue;
      call.result = named(item, call.item.name);
      results.set(item, call);
      waiting.delete(item.callId);
    }
  }
  return { calls, results };
}

/** A result without a name has its call's. */
function named(result: AgentFunctionCallResultItem, name: string): AgentFunctionCallResultItem {
  const { agentscope: note, callId } = result;
  return note === undefined || result.name !== callId || name === callId
    ? result
    : { ...result, name, agentscope: { ...note, named: true } };
}

function unanswered({ callId, name }: AgentFunctionCallItem): AgentFunctionCallResultItem {
  return {
    type: "function_call_result",
    callId,
    name,
    status: "completed",
    output: { type: "text", text: noResult },
    agentscope: { added: true },
  };
}
