import { isObject } from "@agentscope-runtime/core/adapter";

/** A call of a model that nobody has answered. */
export interface DanglingCall {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
}

/** The calls in a graph's messages that have no answer. */
export function danglingCalls(values: unknown): readonly DanglingCall[] {
  const messages: readonly unknown[] = isObject(values) && Array.isArray(values["messages"]) ? values["messages"] : [];
  const waiting = new Map<string, DanglingCall>();
  for (const message of messages) {
    if (!isObject(message)) continue;
    const { type, tool_calls: calls, tool_call_id: answered } = message;
    if (type === "tool" && typeof answered === "string") waiting.delete(answered);
    if (type !== "ai" || !Array.isArray(calls)) continue;
    for (const call of calls as readonly unknown[]) {
      if (!isObject(call)) continue;
      const { id, name, args } = call;
      if (typeof id === "string" && typeof name === "string") waiting.set(id, { id, name, args });
    }
  }
  return [...waiting.values()];
}
