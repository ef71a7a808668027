import { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { AgentScopeAgent } from "./agentscope-agent.ts";
import type { AgentScopeMessage } from "./agentscope-message.ts";

const messageSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  role: z.enum(["user", "assistant", "system"]),
  content: z.array(z.looseObject({ type: z.string(), id: z.string() })),
  metadata: z.record(z.string(), z.unknown()),
});
const contextSchema = z.custom<AgentScopeMessage[]>((value) => z.array(messageSchema).safeParse(value).success);

/** What an agent keeps between replies, as JSON. `confirmedToolCallIds` is what the framework's own storage leaves out. */
const agentStateSchema = z.object({
  context: contextSchema,
  replyId: z.string().default(""),
  curIter: z.number().default(0),
  curSummary: z.string().default(""),
  confirmedToolCallIds: z.array(z.string()).default([]),
});

export type AgentScopeState = z.infer<typeof agentStateSchema>;

export const emptyState: AgentScopeState = {
  context: [],
  replyId: "",
  curIter: 0,
  curSummary: "",
  confirmedToolCallIds: [],
};

/** What another version or another framework has kept under the same name is not overwritten: it is `conflict`. */
export function parseState(value: unknown, name: string): AgentScopeState {
  const { data, error } = agentStateSchema.safeParse(value);
  if (data !== undefined) return data;
  const message = `The state that is kept for "${name}" is not that of an AgentScope agent: delete it, or give the agent another name.`;
  throw new RuntimeError("conflict", message, { cause: error });
}

/** The state as it is now. Only its last message may still change, so only that is copied. */
export function stateOf(agent: AgentScopeAgent): AgentScopeState {
  const { replyId, curIter, curSummary, confirmedToolCallIds } = agent;
  const last = agent.context.at(-1);
  const context = last === undefined ? [] : [...agent.context.slice(0, -1), structuredClone(last)];
  // What it keeps is JSON.
  return {
    context: context as AgentScopeMessage[],
    replyId,
    curIter,
    curSummary,
    confirmedToolCallIds: [...confirmedToolCallIds],
  };
}

export function setState(agent: AgentScopeAgent, state: AgentScopeState): void {
  agent.context = [...state.context];
  agent.replyId = state.replyId;
  agent.curIter = state.curIter;
  agent.curSummary = state.curSummary;
  agent.confirmedToolCallIds = [...state.confirmedToolCallIds];
}
