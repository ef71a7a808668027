import type { AgentScopeBlock, AnyAgentScopeMessage } from "./agentscope-message.ts";

/** What a model answers, or a piece of it. */
interface Answer {
  readonly content: readonly AgentScopeBlock[];
}

/**
 * Gives calls new ids where the model uses one again that is in the same message: models that number their calls anew in each
 * turn do, and the framework takes such a call for one that has its result.
 */
export class UniqueCallIds {
  readonly #used: ReadonlySet<string>;
  readonly #renamed = new Map<string, string>();

  /** @param messages - what the model is asked with */
  constructor(messages: readonly AnyAgentScopeMessage[]) {
    const last = messages.at(-1);
    const blocks = last?.role === "assistant" ? last.content : [];
    this.#used = new Set(blocks.flatMap((block) => (block.type === "tool_call" ? [block.id] : [])));
  }

  /** The same answer, where nothing is to be changed. */
  in<T extends Answer>(answer: T): T {
    if (!answer.content.some((block) => block.type === "tool_call" && this.#used.has(block.id))) return answer;
    return { ...answer, content: answer.content.map((block) => this.#renamedBlock(block)) };
  }

  #renamedBlock(block: AgentScopeBlock): AgentScopeBlock {
    if (block.type !== "tool_call" || !this.#used.has(block.id)) return block;
    const id = this.#renamed.get(block.id) ?? `${block.id}_${crypto.randomUUID().slice(0, 8)}`;
    this.#renamed.set(block.id, id);
    return { ...block, id };
  }
}
