import type { RunMemory } from "@agentscope-runtime/core";
import type { ProcessLLMRequestArgs, ProcessLLMRequestResult } from "@mastra/core/processors";

export interface MemoryProcessorOptions {
  /** `memory` of a run's context, or a memory service with the user filled in. */
  readonly memory: Pick<RunMemory, "search" | "add">;
  /** How many memories a model is told at the most. Default 5. */
  readonly limit?: number;
  /** Whether what the user says is remembered too, word for word. Default false. */
  readonly remember?: boolean;
}

/** An input processor as `stream` and agents of Mastra's take it. */
export interface MemoryProcessor {
  readonly id: "agentscope-memory";
  readonly processLLMRequest: (request: ProcessLLMRequestArgs) => Promise<ProcessLLMRequestResult>;
}

type Prompt = ProcessLLMRequestArgs["prompt"];

/**
 * Tells a model what is remembered about the user and fits what the user says: as a text before the user's last words, since memories
 * are no instructions. No thread keeps it. It is searched for once for each thing that the user says, whatever number of steps
 * the agent takes. Make one for each run.
 *
 * @example
 * ```ts
 * const query = fromMastraAgent(agent, {
 *   options: (_request, { memory }) => ({ inputProcessors: [memoryProcessor({ memory, remember: true })] }),
 * });
 * ```
 */
export function memoryProcessor({ memory, limit = 5, remember = false }: MemoryProcessorOptions): MemoryProcessor {
  let last: { readonly query: string; readonly found: Promise<string | undefined> } | undefined;

  async function recall(query: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const found = await memory.search(query, { limit, ...(signal && { signal }) });
    // Only now: what has just been said is no memory yet.
    if (remember) await memory.add([{ text: query }]);
    if (found.length === 0) return undefined;
    return ["What is remembered about the user:", ...found.map(({ text }) => `- ${text}`)].join("\n");
  }

  return {
    id: "agentscope-memory",
    async processLLMRequest({ prompt, abortSignal }) {
      const at = prompt.findLastIndex(({ role }) => role === "user");
      const asked = prompt[at];
      if (asked?.role !== "user") return undefined;
      const query = textOf(asked.content);
      if (query === "") return undefined;
      if (last?.query !== query) last = { query, found: recall(query, abortSignal) };
      const text = await last.found;
      if (text === undefined) return undefined;
      return { prompt: prompt.with(at, { ...asked, content: [{ type: "text", text }, ...asked.content] }) };
    },
  };
}

function textOf(content: Extract<Prompt[number], { role: "user" }>["content"]): string {
  return content
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("\n")
    .trim();
}
