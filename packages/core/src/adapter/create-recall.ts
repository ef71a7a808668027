import type { RunMemory } from "../run-context.ts";

export interface RecallOptions {
  /** `memory` of a run's context, or a memory service with the user filled in. */
  readonly memory: Pick<RunMemory, "search" | "add">;
  /** How many memories a model is told at the most. Default 5. */
  readonly limit?: number | undefined;
  /** Whether what the user says is remembered too, word for word. Default false. */
  readonly remember?: boolean | undefined;
}

/** What is remembered about the user and fits these words of the user's, as a text for a model; undefined when that is nothing. */
export type Recall = (words: string, signal?: AbortSignal) => Promise<string | undefined>;

/**
 * Looks for what is remembered once for each thing that the user says, however often it is asked for: an agent asks in each of its
 * steps. Make one for each run.
 */
export function createRecall({ memory, limit = 5, remember = false }: RecallOptions): Recall {
  let last: { readonly words: string; readonly found: Promise<string | undefined> } | undefined;

  async function find(words: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const found = await memory.search(words, { limit, ...(signal && { signal }) });
    // Only now: what has just been said is no memory yet.
    if (remember) await memory.add([{ text: words }]);
    if (found.length === 0) return undefined;
    return ["What is remembered about the user:", ...found.map(({ text }) => `- ${text}`)].join("\n");
  }

  return async (words, signal) => {
    if (words === "") return undefined;
    if (last?.words !== words) last = { words, found: find(words, signal) };
    return last.found;
  };
}
