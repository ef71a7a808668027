import { MockLanguageModelV4 } from "ai/test";
import { payerTurn } from "./payer-script.ts";
import type { ShownMessage } from "./payer-script.ts";

type Message = Parameters<MockLanguageModelV4["doStream"]>[0]["prompt"][number];
type Stream = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"];
type Part = Stream extends ReadableStream<infer Each> ? Each : never;

const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 5, text: 5, reasoning: undefined },
};

/** The AI SDK's own stand-in for a model, which Mastra takes too. */
export function sdkModel(): MockLanguageModelV4 {
  return new MockLanguageModelV4({
    doStream: async ({ prompt }) => ({ stream: ReadableStream.from(partsOf(prompt.map(toShown))) }),
  });
}

function* partsOf(prompt: readonly ShownMessage[]): Generator<Part> {
  const turn = payerTurn(prompt);
  yield { type: "stream-start", warnings: [] };
  if (typeof turn === "string") {
    yield { type: "text-start", id: "0" };
    yield { type: "text-delta", id: "0", delta: turn };
    yield { type: "text-end", id: "0" };
  } else {
    yield { type: "tool-call", toolCallId: turn.id, toolName: "pay", input: JSON.stringify({ to: turn.to }) };
  }
  const unified = typeof turn === "string" ? "stop" : "tool-calls";
  yield { type: "finish", usage, finishReason: { unified, raw: undefined } };
}

function toShown({ role, content }: Message): ShownMessage {
  const isResult = role === "tool";
  if (typeof content === "string") return { isResult, text: content };
  return { isResult, text: content.map((part) => (part.type === "text" ? part.text : JSON.stringify(part))).join("") };
}
