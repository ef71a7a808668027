import type { AgentScript, ModelTurn, PromptMessage, ScriptPart } from "@agentscope-runtime/core/testing";
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { BaseChatModelCallOptions } from "@langchain/core/language_models/chat_models";
import { AIMessageChunk } from "@langchain/core/messages";
import type { BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import type { ChatResult } from "@langchain/core/outputs";
import type { Runnable } from "@langchain/core/runnables";

const roles: Readonly<Record<string, PromptMessage["role"]>> = {
  human: "user",
  ai: "assistant",
  tool: "tool",
  system: "system",
};

/** A chat model of LangChain's that says what a script says, in pieces, as integrations do. */
export class ScriptModel extends BaseChatModel {
  readonly #script: Pick<AgentScript, "model" | "onModelStopped">;

  constructor(script: Pick<AgentScript, "model" | "onModelStopped">) {
    super({ maxRetries: 0 });
    this.#script = script;
  }

  override _llmType(): string {
    return "script";
  }

  /** The script knows its tools. */
  override bindTools(): Runnable<BaseMessage[], AIMessageChunk> {
    return this;
  }

  override async _generate(
    messages: BaseMessage[],
    options: BaseChatModelCallOptions,
    manager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult> {
    let whole: ChatGenerationChunk | undefined;
    for await (const chunk of this.#chunks(messages, options, manager)) {
      whole = whole === undefined ? chunk : whole.concat(chunk);
    }
    return { generations: whole === undefined ? [] : [whole] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: BaseChatModelCallOptions,
    manager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    yield* this.#chunks(messages, options, manager);
  }

  async *#chunks(
    messages: BaseMessage[],
    { signal }: BaseChatModelCallOptions,
    manager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const { model, onModelStopped } = this.#script;
    const turn = model(messages.map(toPrompt));
    for (const [index, part] of turn.entries()) {
      if (part.type === "fail") throw new Error(part.message);
      if (part.type === "wait") {
        await new Promise((resolve) => signal?.addEventListener("abort", resolve));
        onModelStopped?.();
        throw signal?.reason;
      }
      for (const message of chunksOf(part, index)) yield* this.#told(message, manager);
    }
    yield* this.#told(ending(turn), manager);
    // Tokens come last, in a chunk of their own, as OpenAI's do.
    const usage_metadata = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
    yield* this.#told(new AIMessageChunk({ content: "", usage_metadata } as never), manager); // Its type gets lost in generics.
  }

  async *#told(message: AIMessageChunk, manager?: CallbackManagerForLLMRun): AsyncGenerator<ChatGenerationChunk> {
    const text = typeof message.content === "string" ? message.content : "";
    const chunk = new ChatGenerationChunk({ message, text });
    yield chunk;
    await manager?.handleLLMNewToken(text, undefined, undefined, undefined, undefined, { chunk });
  }
}

function* chunksOf(part: Exclude<ScriptPart, { type: "wait" | "fail" }>, index: number): Generator<AIMessageChunk> {
  switch (part.type) {
    case "text":
      for (const content of part.deltas) yield new AIMessageChunk({ content });
      break;
    case "reasoning":
      for (const delta of part.deltas) {
        yield new AIMessageChunk({ content: "", additional_kwargs: { reasoning_content: delta } });
      }
      break;
    case "call": {
      const { id, name, pieces = [JSON.stringify(part.arguments)] } = part;
      yield new AIMessageChunk({
        content: "",
        tool_call_chunks: [{ id, name, args: "", index, type: "tool_call_chunk" }],
      });
      for (const args of pieces) {
        yield new AIMessageChunk({ content: "", tool_call_chunks: [{ args, index, type: "tool_call_chunk" }] });
      }
      break;
    }
    case "file":
      yield new AIMessageChunk({ content: [{ type: "image", mimeType: part.mediaType, data: part.data }] });
      break;
    case "stop":
      break;
  }
}

const reasons = { max_tokens: "length", content_filter: "content_filter" } as const;

function ending(turn: ModelTurn): AIMessageChunk {
  const stop = turn.find((part) => part.type === "stop");
  const finish_reason = stop === undefined ? "stop" : reasons[stop.reason];
  return new AIMessageChunk({ content: "", response_metadata: { finish_reason } });
}

function toPrompt(message: BaseMessage): PromptMessage {
  const blocks = typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;
  const files = blocks.flatMap((block) => {
    const { image_url: image } = block as { image_url?: { url: string } };
    return image === undefined ? [] : [/^data:([^;]*)/.exec(image.url)?.[1] ?? "image"];
  });
  const texts = blocks.map((block) => ("text" in block && typeof block.text === "string" ? block.text : ""));
  return { role: roles[message.type] ?? "user", text: texts.join(""), files };
}
