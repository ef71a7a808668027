import { isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { failureOf, finishReason } from "./chat-completion.ts";
import type { CompletionFacts } from "./chat-completion.ts";
import { ChatStory } from "./chat-story.ts";
import { toOpenAiError } from "./error-body.ts";
import { doneFrame, toDataFrame } from "./sse-frame.ts";
import { toChatUsage } from "./usage.ts";

export interface ChunkFacts extends CompletionFacts {
  /** Sends the tokens in a last chunk of their own. */
  readonly includeUsage: boolean;
}

/** For the OpenAPI document. */
export const chatChunkSchema = z.looseObject({
  id: z.string(),
  object: z.literal("chat.completion.chunk"),
  created: z.int(),
  model: z.string(),
  choices: z.array(z.looseObject({ index: z.int(), finish_reason: z.string().nullable(), delta: z.looseObject({}) })),
});

/** A run as the frames of a completion, while it happens. A run that fails ends with its error, which clients throw. */
export async function* chunkFrames(
  batches: AsyncIterable<readonly AgentEvent[]>,
  facts: ChunkFacts,
): AsyncGenerator<string, void, undefined> {
  const chunks = new ChatChunks(facts);
  try {
    for await (const batch of batches) {
      const frames = batch.map((event) => chunks.framesOf(event)).join("");
      if (frames !== "") yield frames;
    }
  } catch (thrown) {
    yield errorFrame(RuntimeError.from(thrown));
  }
}

class ChatChunks {
  readonly #facts: ChunkFacts;
  readonly #story = new ChatStory();
  #created = 0;

  constructor(facts: ChunkFacts) {
    this.#facts = facts;
  }

  framesOf(event: AgentEvent): string {
    if (event.object !== "response") {
      return this.#story
        .tell(event)
        .map((delta) => this.#chunk([{ index: 0, delta, finish_reason: null, logprobs: null }]))
        .join("");
    }
    this.#created = event.created_at;
    if (isTerminalStatus(event.status)) return this.#end(event);
    if (event.status !== "in_progress") return "";
    const delta = { role: "assistant", content: "", refusal: null };
    return this.#chunk([{ index: 0, delta, finish_reason: null, logprobs: null }]);
  }

  #end(response: AgentResponse): string {
    const failure = failureOf(response);
    if (failure !== undefined) return errorFrame(failure);
    const reason = finishReason(response, this.#story.calls);
    const last = this.#chunk([{ index: 0, delta: {}, finish_reason: reason, logprobs: null }]);
    const usage = this.#facts.includeUsage ? this.#chunk([], toChatUsage(response.usage)) : "";
    return last + usage + doneFrame;
  }

  #chunk(choices: readonly object[], usage: object | null = null): string {
    const { id, model, includeUsage } = this.#facts;
    const chunk = { id, object: "chat.completion.chunk", created: this.#created, model, choices };
    return toDataFrame(includeUsage ? { ...chunk, usage } : chunk);
  }
}

function errorFrame(error: RuntimeError): string {
  return toDataFrame({ error: toOpenAiError(error) }) + doneFrame;
}
