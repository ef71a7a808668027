import type { RunMemory } from "@agentscope-runtime/core";

/** The part of a model call's parameters that is read and written, in AI SDK 6 and 7. */
export interface PromptParams {
  readonly prompt: readonly { readonly role: string; readonly content: unknown }[];
  readonly abortSignal?: AbortSignal | undefined;
}

export interface MemoryMiddlewareOptions {
  /** `memory` of a run's context, or a memory service with the user filled in. */
  readonly memory: Pick<RunMemory, "search" | "add">;
  /** How many memories a model is told at the most. Default 5. */
  readonly limit?: number;
  /** Whether what the user says is remembered too, word for word. Default false. */
  readonly remember?: boolean;
}

/** A middleware of language models as `wrapLanguageModel` of AI SDK 6 and 7 takes it. */
export interface MemoryMiddleware {
  readonly specificationVersion: "v3";
  readonly transformParams: <Params extends PromptParams>(options: { readonly params: Params }) => Promise<Params>;
}

/**
 * Tells a model what is remembered about the user and fits what the user says: as a text before the user's last words, since memories
 * are no instructions. It is searched for once for each thing that the user says, whatever number of steps the agent takes. Make
 * one for each run.
 *
 * @example
 * ```ts
 * const queryHandler = ({ input }, { memory, signal }) => {
 *   const remembering = wrapLanguageModel({ model, middleware: memoryMiddleware({ memory }) });
 *   return fromAiSdk(streamText({ model: remembering, messages: toModelMessages(input), abortSignal: signal }));
 * };
 * ```
 */
export function memoryMiddleware({ memory, limit = 5, remember = false }: MemoryMiddlewareOptions): MemoryMiddleware {
  let last: { readonly query: string; readonly found: Promise<string | undefined> } | undefined;

  async function recall(query: string, { abortSignal: signal }: PromptParams): Promise<string | undefined> {
    const found = await memory.search(query, { limit, ...(signal && { signal }) });
    // Only now: what has just been said is no memory yet.
    if (remember) await memory.add([{ text: query }]);
    if (found.length === 0) return undefined;
    return ["What is remembered about the user:", ...found.map(({ text }) => `- ${text}`)].join("\n");
  }

  return {
    specificationVersion: "v3",
    async transformParams({ params }) {
      const at = params.prompt.findLastIndex(({ role }) => role === "user");
      const asked = params.prompt[at];
      const query = textOf(asked?.content);
      if (asked === undefined || query === "") return params;
      if (last?.query !== query) last = { query, found: recall(query, params) };
      const text = await last.found;
      if (text === undefined) return params;
      const content = [{ type: "text", text }, ...(Array.isArray(asked.content) ? (asked.content as unknown[]) : [])];
      return { ...params, prompt: params.prompt.with(at, { ...asked, content }) };
    },
  };
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return "";
  const texts = content.flatMap((part: { readonly type?: unknown; readonly text?: unknown }) =>
    part.type === "text" && typeof part.text === "string" ? [part.text] : [],
  );
  return texts.join("\n").trim();
}
