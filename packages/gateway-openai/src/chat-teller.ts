import type { RunTeller } from "@agentscope-runtime/core";
import { isTerminalStatus } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse, RuntimeError } from "@agentscope-runtime/protocol";
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

const object = "chat.completion.chunk";

/** Tells a run as the frames of a completion. A run that fails ends with its error, which clients throw. */
export class ChatTeller implements RunTeller {
  readonly #facts: ChunkFacts;
  readonly #story = new ChatStory();
  #created = 0;
  /** What every piece begins with; written once. */
  #head: string | undefined;

  constructor(facts: ChunkFacts) {
    this.#facts = facts;
  }

  tell(event: AgentEvent): string {
    if (event.object !== "response") {
      let frames = "";
      for (const delta of this.#story.tell(event)) frames += this.#piece(delta);
      return frames;
    }
    this.#created = event.created_at;
    if (isTerminalStatus(event.status)) return this.#end(event);
    if (event.status !== "in_progress") return "";
    return this.#piece({ role: "assistant", content: "", refusal: null });
  }

  fail(error: RuntimeError): string {
    return errorFrame(error);
  }

  #end(response: AgentResponse): string {
    const failure = failureOf(response);
    if (failure !== undefined) return errorFrame(failure);
    const reason = finishReason(response, this.#story.calls);
    const last = this.#chunk([{ index: 0, delta: {}, finish_reason: reason, logprobs: null }]);
    const usage = this.#facts.includeUsage ? this.#chunk([], toChatUsage(response.usage)) : "";
    return last + usage + doneFrame;
  }

  #piece(delta: object): string {
    const { id, model, includeUsage } = this.#facts;
    this.#head ??= `data: ${JSON.stringify({ id, object, created: this.#created, model }).slice(0, -1)},"choices":[{"index":0,"delta":`;
    const end = `,"finish_reason":null,"logprobs":null}]${includeUsage ? ',"usage":null' : ""}}\n\n`;
    return this.#head + JSON.stringify(delta) + end;
  }

  #chunk(choices: readonly object[], usage: object | null = null): string {
    const { id, model, includeUsage } = this.#facts;
    const chunk = { id, object, created: this.#created, model, choices };
    return toDataFrame(includeUsage ? { ...chunk, usage } : chunk);
  }
}

function errorFrame(error: RuntimeError): string {
  return toDataFrame({ error: toOpenAiError(error) }) + doneFrame;
}
