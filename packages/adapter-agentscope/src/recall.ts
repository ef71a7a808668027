import type { RunMemory } from "@agentscope-runtime/core";
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
  const query = messages
    .filter(({ role }) => role === "user")
    .flatMap(({ content }) => content.map((block) => (block.type === "text" ? block.text : "")))
    .join("\n")
    .trim();
  const found = query === "" ? [] : await memory.search(query, { limit });
  if (found.length === 0) return undefined;
  const text = ["What is remembered about the user:", ...found.map((each) => `- ${each.text}`)].join("\n");
  return { text, metadata: { [recalledKey]: true } };
}

export function isRecalled({ metadata }: AnyAgentScopeMessage): boolean {
  return metadata[recalledKey] === true;
}
