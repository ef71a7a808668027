import { createRecall } from "@agentscope-runtime/core/adapter";
import type { RecallOptions } from "@agentscope-runtime/core/adapter";

/** The part of a model call's parameters that is read and written, in AI SDK 6 and 7. */
export interface PromptParams {
  readonly prompt: readonly { readonly role: string; readonly content: unknown }[];
  readonly abortSignal?: AbortSignal | undefined;
}

export type MemoryMiddlewareOptions = RecallOptions;

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
export function memoryMiddleware(options: MemoryMiddlewareOptions): MemoryMiddleware {
  const recall = createRecall(options);
  return {
    specificationVersion: "v3",
    async transformParams({ params }) {
      const at = params.prompt.findLastIndex(({ role }) => role === "user");
      const asked = params.prompt[at];
      const query = textOf(asked?.content);
      const text = await recall(query, params.abortSignal);
      if (asked === undefined || text === undefined) return params;
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
