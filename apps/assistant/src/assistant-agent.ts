import { fromAiSdk, toModelMessages } from "@agentscope-runtime/adapter-ai-sdk";
import type { QueryHandler } from "@agentscope-runtime/core";
import type { Message } from "@agentscope-runtime/protocol";
import { stepCountIs, streamText } from "ai";
import type { LanguageModel } from "ai";
import { assistantTools } from "./assistant-tools.ts";

export interface AssistantOptions {
  readonly model: LanguageModel;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

const maxSteps = 8;
const historyLimit = 40;
const memoryLimit = 5;

/** Answers with the session's history and what it remembers of the user in mind. */
export function assistantAgent({ model, now = Date.now }: AssistantOptions): QueryHandler {
  return async function* ({ input }, { session, memory, signal }) {
    const history = await session.history({ limit: historyLimit });
    const known = await memory.search(textOf(input), { limit: memoryLimit });
    const result = streamText({
      model,
      instructions: instructions(known.map(({ text }) => text)),
      messages: toModelMessages([...history.items, ...input]),
      tools: assistantTools({ memory, now }),
      stopWhen: stepCountIs(maxSteps),
      abortSignal: signal,
      // The failure arrives in the stream; by default the SDK would print it as well.
      onError: () => undefined,
    });
    yield* fromAiSdk(result);
  };
}

function instructions(known: readonly string[]): string {
  const facts =
    known.length === 0 ? "" : `\nWhat you know of the user:\n${known.map((fact) => `- ${fact}`).join("\n")}`;
  return `You are a friendly assistant. Answer briefly. Use your tools where they help.${facts}`;
}

function textOf(messages: readonly Message[]): string {
  return messages
    .flatMap(({ content }) => content ?? [])
    .map((part) => (part.type === "text" ? (part.text ?? "") : ""))
    .join(" ");
}
