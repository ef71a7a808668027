import type { RunMemory } from "@agentscope-runtime/core";
import { createRecall } from "@agentscope-runtime/core/adapter";
import type { AgentScopeMessage, AnyAgentScopeMessage } from "./agentscope-message.ts";

/** Marks the messages of one run that the next one is not to see: what it needs is looked for anew. */
const recalledKey = "agentscope_runtime_recalled";

interface Recalled {
  readonly text: string;
  readonly metadata: AgentScopeMessage["metadata"];
}

/** What is remembered about what a user says. Undefined when that is nothing. */
export async function recall(
  memory: RunMemory,
  messages: readonly AgentScopeMessage[],
  limit: number,
): Promise<Recalled | undefined> {
  const words = messages
    .filter(({ role }) => role === "user")
    .flatMap(({ content }) => content.map((block) => (block.type === "text" ? block.text : "")))
    .join("\n")
    .trim();
  const text = await createRecall({ memory, limit })(words);
  return text === undefined ? undefined : { text, metadata: { [recalledKey]: true } };
}

export function isRecalled({ metadata }: AnyAgentScopeMessage): boolean {
  return metadata[recalledKey] === true;
}
