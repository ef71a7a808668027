import type { AgentScopeAgent } from "./agentscope-agent.ts";
import type { AgentScopeToolCallBlock, AgentScopeToolResultBlock } from "./agentscope-message.ts";

/** A call of the agent's that has no result yet. */
export interface PendingCall {
  readonly call: AgentScopeToolCallBlock;
  /** Who has to do something before it goes on: a person, the client; nobody when the run stopped before it. */
  readonly waitsFor: "person" | "client" | undefined;
}

/** As the framework finds them: the calls of the last message without a result in it. */
export function pendingCalls(agent: AgentScopeAgent): PendingCall[] {
  const last = agent.context.at(-1);
  if (last?.role !== "assistant") return [];
  const answered = new Set(last.content.flatMap((block) => (block.type === "tool_result" ? [block.id] : [])));
  return last.content.flatMap((block) =>
    block.type === "tool_call" && !answered.has(block.id) ? [{ call: block, waitsFor: waitsFor(agent, block) }] : [],
  );
}

function waitsFor(
  agent: AgentScopeAgent,
  { id, name, awaitUserConfirmation }: AgentScopeToolCallBlock,
): PendingCall["waitsFor"] {
  if (awaitUserConfirmation === true && !agent.confirmedToolCallIds.includes(id)) return "person";
  return agent.toolkit.requireExternalExecution(name) ? "client" : undefined;
}

/** The calls that the agent asks for now: those of the same kind from the first on. */
export function askedNow(pending: readonly PendingCall[]): PendingCall[] {
  const kind = pending[0]?.waitsFor;
  const other = pending.findIndex(({ waitsFor: who }) => who !== kind);
  return kind === undefined ? [] : pending.slice(0, other === -1 ? pending.length : other);
}

/** Answers a call in the agent's place. */
export function settle(agent: AgentScopeAgent, result: AgentScopeToolResultBlock): void {
  agent.context.at(-1)?.content.push(result);
}
