import { createRecall } from "@agentscope-runtime/core/adapter";
import type { RecallOptions } from "@agentscope-runtime/core/adapter";
import type { ProcessLLMRequestArgs, ProcessLLMRequestResult } from "@mastra/core/processors";

export type MemoryProcessorOptions = RecallOptions;

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
export function memoryProcessor(options: MemoryProcessorOptions): MemoryProcessor {
  const recall = createRecall(options);
  return {
    id: "agentscope-memory",
    async processLLMRequest({ prompt, abortSignal }) {
      const at = prompt.findLastIndex(({ role }) => role === "user");
      const asked = prompt[at];
      if (asked?.role !== "user") return undefined;
      const text = await recall(textOf(asked.content), abortSignal);
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
