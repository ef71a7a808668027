import { describeAdapter } from "@agentscope-runtime/core/testing";
import type {
  AdapterSubject,
  AgentScript,
  ModelTurn,
  PromptMessage,
  ScriptPart,
  ScriptServices,
} from "@agentscope-runtime/core/testing";
import { defineTool } from "@agentscope-runtime/tools";
import { Mastra } from "@mastra/core";
import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { Memory } from "@mastra/memory";
import { MockLanguageModelV4 } from "ai/test";
import { MockLanguageModelV2 } from "ai-v5/test";
import { z } from "zod";
import {
  fromMastraAgent,
  fromMastraMessages,
  mastraThread,
  toMastraMessages,
  toMastraStorage,
  toMastraTools,
} from "./index.ts";

type Model = MockLanguageModelV4 | MockLanguageModelV2;
type StreamOf<M extends Model> = Awaited<ReturnType<M["doStream"]>>["stream"];
type PartOf<M extends Model> = StreamOf<M> extends ReadableStream<infer Part> ? Part : never;
/** What both versions say in the same way. */
type CommonPart = PartOf<MockLanguageModelV4> & PartOf<MockLanguageModelV2>;
type Prompt =
  | Parameters<MockLanguageModelV4["doStream"]>[0]["prompt"]
  | Parameters<MockLanguageModelV2["doStream"]>[0]["prompt"];

type Script = Pick<AgentScript, "model" | "onModelStopped">;

/** A model of AI SDK 7 that says what a script says. */
function modelOf7(script: Script): MastraModelConfig {
  const usage = {
    inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: 5, text: 5, reasoning: undefined },
  };
  const model = new MockLanguageModelV4({
    doStream: async ({ prompt, abortSignal }) => {
      const turn = script.model(toPrompt(prompt));
      const parts = partsOf<PartOf<MockLanguageModelV4>>(turn, {
        script,
        abortSignal,
        file: ({ mediaType, data }) => ({ type: "file", mediaType, data: { type: "data", data } }),
        finish: (unified) => ({ type: "finish", usage, finishReason: { unified, raw: undefined } }),
      });
      return { stream: ReadableStream.from(parts) };
    },
  });
  // Mastra declares what `doGenerate` returns as a stream.
  return model as unknown as MastraModelConfig;
}

/** The same of AI SDK 5. */
function modelOf5(script: Script): MastraModelConfig {
  const usage = { inputTokens: 10, outputTokens: 5, totalTokens: 15 };
  return new MockLanguageModelV2({
    doStream: async ({ prompt, abortSignal }) => {
      const turn = script.model(toPrompt(prompt));
      const parts = partsOf<PartOf<MockLanguageModelV2>>(turn, {
        script,
        abortSignal,
        file: ({ mediaType, data }) => ({ type: "file", mediaType, data }),
        finish: (finishReason) => ({ type: "finish", usage, finishReason }),
      });
      return { stream: ReadableStream.from(parts) };
    },
  });
}

interface Telling<Part> {
  readonly script: Script;
  readonly abortSignal: AbortSignal | undefined;
  readonly file: (part: Extract<ScriptPart, { type: "file" }>) => Part;
  readonly finish: (reason: "length" | "content-filter" | "tool-calls" | "stop") => Part;
}

async function* partsOf<Part>(
  turn: ModelTurn,
  { script, abortSignal, file, finish }: Telling<Part>,
): AsyncGenerator<Part | CommonPart> {
  yield { type: "stream-start", warnings: [] };
  for (const [index, part] of turn.entries()) {
    if (part.type === "wait") {
      await new Promise((resolve) => abortSignal?.addEventListener("abort", resolve));
      script.onModelStopped?.();
      throw abortSignal?.reason;
    }
    if (part.type === "file") yield file(part);
    else yield* partOf(part, String(index));
  }
  const stop = turn.find((part) => part.type === "stop");
  const called = turn.some((part) => part.type === "call");
  yield finish(stop !== undefined ? finishes[stop.reason] : called ? "tool-calls" : "stop");
}

const finishes = { max_tokens: "length", content_filter: "content-filter" } as const;

function* partOf(part: Exclude<ScriptPart, { type: "wait" | "file" }>, id: string): Generator<CommonPart> {
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
      } else texts.push("value" in output ? JSON.stringify(output.value) : "denied");
    }
    return { role, text: texts.join(""), files };
  });
}

interface Kind {
  readonly modelOf: (script: Script) => MastraModelConfig;
  /** The agent keeps the conversation itself. */
  readonly memory: boolean;
}

/** An agent as a user would write it, in an app of Mastra's. */
function agentOf(script: AgentScript, { modelOf, memory }: Kind, services: ScriptServices): Agent {
  const storage = toMastraStorage(services);
  const tools = (script.tools ?? []).map(({ name, description, run }) =>
    defineTool({ name, description, input: z.looseObject({}), run: async (input, options) => run(input, options) }),
  );
  const requireApproval = (script.tools ?? []).flatMap(({ name, needsApproval }) =>
    needsApproval === true ? [name] : [],
  );
  const helper =
    script.helper &&
    new Agent({
      id: script.helper.name,
      name: script.helper.name,
      description: "Helps.",
      instructions: "Help.",
      model: modelOf(script.helper),
    });
  const agent = new Agent({
    id: "assistant",
    name: "Assistant",
    instructions: "Be brief.",
    model: modelOf(script),
    tools: toMastraTools(tools, { requireApproval }),
    ...(memory && { memory: new Memory({ storage, options: { lastMessages: 50 } }) }),
    ...(helper && { agents: { [helper.id]: helper } }),
  });
  return new Mastra({ agents: { agent }, storage, logger: false }).getAgent("agent");
}

/** Mastra names an agent that is a tool so. */
function callingHelpers(script: AgentScript): AgentScript {
  const { helper, model } = script;
  if (helper === undefined) return script;
  return {
    ...script,
    model: (prompt) =>
      model(prompt).map((part) =>
        part.type === "call" && part.name === helper.name
          ? { ...part, name: `agent-${helper.name}`, arguments: { prompt: "Help." } }
          : part,
      ),
  };
}

const roundTrip: AdapterSubject["roundTrip"] = (messages) => fromMastraMessages(toMastraMessages(messages));
const skip = { "carries a file by id there and back": "Mastra takes files by their bytes or their URL" };

/** In a process of its own. */
const agentOfKind =
  (kind: Kind): AdapterSubject["agent"] =>
  (script, services) =>
    fromMastraAgent(agentOf(callingHelpers(script), kind, services), {
      options: () => ({ maxSteps: 8 }),
      ...(kind.memory && { thread: mastraThread }),
    });

describeAdapter("agents of Mastra with a model of AI SDK 7", {
  agent: agentOfKind({ modelOf: modelOf7, memory: false }),
  roundTrip,
  skip,
});

describeAdapter("agents of Mastra with a memory of their own and a model of AI SDK 5", {
  agent: agentOfKind({ modelOf: modelOf5, memory: true }),
  roundTrip,
  skip,
});
