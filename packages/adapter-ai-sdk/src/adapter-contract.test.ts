import { describeAdapter } from "@agentscope-runtime/core/testing";
import type { AgentScript, ModelTurn, PromptMessage, ScriptPart } from "@agentscope-runtime/core/testing";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { defineTool } from "@agentscope-runtime/tools";
import { stepCountIs, streamText } from "ai";
import type { LanguageModel } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";
import { fromAiSdk } from "./from-ai-sdk.ts";
import { toAiSdkTools } from "./to-ai-sdk-tools.ts";
import { toModelMessages } from "./to-model-messages.ts";

type ModelStream = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"];
type ModelPart = ModelStream extends ReadableStream<infer Part> ? Part : never;
type Prompt = Parameters<MockLanguageModelV4["doStream"]>[0]["prompt"];

const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 5, text: 5, reasoning: undefined },
};

/** A model of the SDK's that says what a script says. */
function modelOf({ model, onModelStopped }: AgentScript): LanguageModel {
  return new MockLanguageModelV4({
    doStream: async ({ prompt, abortSignal }) => {
      const turn = model(toPrompt(prompt));
      return { stream: ReadableStream.from<ModelPart>(partsOf(turn, { abortSignal, onModelStopped })) };
    },
  });
}

async function* partsOf(
  turn: ModelTurn,
  { abortSignal, onModelStopped }: { abortSignal?: AbortSignal | undefined; onModelStopped?: (() => void) | undefined },
): AsyncGenerator<ModelPart> {
  yield { type: "stream-start", warnings: [] };
  for (const [index, part] of turn.entries()) {
    if (part.type === "wait") {
      await new Promise((resolve) => abortSignal?.addEventListener("abort", resolve));
      onModelStopped?.();
      throw abortSignal?.reason;
    }
    yield* partOf(part, String(index));
  }
  const stop = turn.find((part) => part.type === "stop");
  const called = turn.some((part) => part.type === "call");
  const unified = stop !== undefined ? finishes[stop.reason] : called ? "tool-calls" : "stop";
  yield { type: "finish", usage, finishReason: { unified, raw: undefined } };
}

const finishes = { max_tokens: "length", content_filter: "content-filter" } as const;

function* partOf(part: Exclude<ScriptPart, { type: "wait" }>, id: string): Generator<ModelPart> {
  switch (part.type) {
    case "text":
    case "reasoning":
      yield { type: `${part.type}-start`, id };
      for (const delta of part.deltas) yield { type: `${part.type}-delta`, id, delta };
      yield { type: `${part.type}-end`, id };
      break;
    case "call": {
      const { id: callId, name: toolName, pieces } = part;
      const input = JSON.stringify(part.arguments);
      yield { type: "tool-input-start", id: callId, toolName };
      for (const delta of pieces ?? [input]) yield { type: "tool-input-delta", id: callId, delta };
      yield { type: "tool-input-end", id: callId };
      yield { type: "tool-call", toolCallId: callId, toolName, input };
      break;
    }
    case "file":
      yield { type: "file", mediaType: part.mediaType, data: { type: "data", data: part.data } };
      break;
    case "fail":
      throw new Error(part.message);
    case "stop":
      break;
  }
}

function toPrompt(prompt: Prompt): PromptMessage[] {
  return prompt.map(({ role, content }) => {
    if (typeof content === "string") return { role, text: content, files: [] };
    const texts: string[] = [];
    const files: string[] = [];
    for (const part of content) {
      if (part.type === "text") texts.push(part.text);
      if (part.type === "file") files.push(part.mediaType);
      if (part.type !== "tool-result") continue;
      const { output } = part;
      if (output.type === "content") {
        for (const item of output.value) {
          if (item.type === "text") texts.push(item.text);
          else if ("mediaType" in item) files.push(item.mediaType);
        }
      } else texts.push("value" in output ? JSON.stringify(output.value) : (output.reason ?? "denied"));
    }
    return { role, text: texts.join(""), files };
  });
}

const notYet = [
  "text",
  "several texts",
  "a system message",
  "reasoning",
  "an image by URL",
  "an image as data",
  "an image of the assistant's",
  "audio as data",
  "a video by URL",
  "a file by URL",
  "a file as data",
  "a file by id",
  "data",
  "a refusal",
  "a call and its output",
  "a call that failed",
  "a call of an MCP server",
  "a call that the client runs",
  "metadata",
] as const;

describeAdapter("agents of AI SDK 7", {
  agent: (script) => {
    const model = modelOf(script);
    const tools = (script.tools ?? []).map(({ name, description, run }) =>
      defineTool({ name, description, input: z.looseObject({}), run: async (input, options) => run(input, options) }),
    );
    const approvals = Object.fromEntries(
      (script.tools ?? []).map(({ name, needsApproval }) => [
        name,
        needsApproval === true ? "user-approval" : undefined,
      ]),
    );
    return async function* ({ input }, { session, signal }) {
      const history = await session.history();
      yield* fromAiSdk(
        streamText({
          model,
          messages: toModelMessages([...history.items, ...input]),
          tools: toAiSdkTools(tools),
          toolApproval: approvals as never,
          stopWhen: stepCountIs(8),
          abortSignal: signal,
          onError: () => undefined,
        }),
      );
    };
  },
  roundTrip: () => {
    throw new RuntimeError("unimplemented", "Later.");
  },
  skip: {
    "tells what another agent says that the work is handed to":
      "the SDK hands no work over: an agent calls another as a tool",
    ...Object.fromEntries(
      notYet.map((kind) => [`carries ${kind} there and back`, "nothing reads the SDK's messages back yet"]),
    ),
  },
});
