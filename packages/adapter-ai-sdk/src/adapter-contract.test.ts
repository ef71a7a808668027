import { describeAdapter } from "@agentscope-runtime/core/testing";
import type {
  AdapterSubject,
  AgentScript,
  ModelTurn,
  PromptMessage,
  ScriptPart,
} from "@agentscope-runtime/core/testing";
import { defineTool } from "@agentscope-runtime/tools";
import type { Tool } from "@agentscope-runtime/tools";
import * as sdk7 from "ai";
import * as sdk6 from "ai-v6";
import { MockLanguageModelV3 } from "ai-v6/test";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";
import { fromAiSdk, fromUIMessages, toAiSdkTools, toModelMessages, toUIMessages } from "./index.ts";
import type { AiSdkResult, ModelMessage } from "./index.ts";

const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 5, text: 5, reasoning: undefined },
};

/** What models of both versions say in the same words. */
type ModelPart =
  | { type: "stream-start"; warnings: [] }
  | { type: "text-start" | "text-end" | "reasoning-start" | "reasoning-end"; id: string }
  | { type: "text-delta" | "reasoning-delta" | "tool-input-delta"; id: string; delta: string }
  | { type: "tool-input-start"; id: string; toolName: string }
  | { type: "tool-input-end"; id: string }
  | { type: "tool-call"; toolCallId: string; toolName: string; input: string }
  | {
      type: "finish";
      usage: typeof usage;
      finishReason: { unified: "stop" | "length" | "content-filter" | "tool-calls"; raw: undefined };
    };

/** The one that they say in different ones. */
interface MadeFile {
  readonly mediaType: string;
  readonly data: string;
}

/** The part of a prompt that is read; versions differ in the rest. */
type Prompt = readonly {
  readonly role: PromptMessage["role"];
  readonly content: string | readonly (object & { readonly type: string })[];
}[];

interface Asked {
  readonly prompt: Prompt;
  readonly abortSignal?: AbortSignal | undefined;
}

async function* partsOf<File>(
  { model, onModelStopped }: AgentScript,
  { prompt, abortSignal }: Asked,
  fileOf: (file: MadeFile) => File,
): AsyncGenerator<ModelPart | File> {
  const turn = model(toPrompt(prompt));
  yield { type: "stream-start", warnings: [] };
  for (const [index, part] of turn.entries()) {
    if (part.type === "wait") {
      await new Promise((resolve) => abortSignal?.addEventListener("abort", resolve));
      onModelStopped?.();
      throw abortSignal?.reason;
    }
    if (part.type === "file") yield fileOf(part);
    else yield* partOf(part, String(index));
  }
  yield { type: "finish", usage, finishReason: { unified: finishOf(turn), raw: undefined } };
}

function finishOf(turn: ModelTurn): "stop" | "length" | "content-filter" | "tool-calls" {
  const stop = turn.find((part) => part.type === "stop");
  if (stop !== undefined) return stop.reason === "max_tokens" ? "length" : "content-filter";
  return turn.some((part) => part.type === "call") ? "tool-calls" : "stop";
}

function* partOf(part: Exclude<ScriptPart, { type: "wait" | "file" }>, id: string): Generator<ModelPart> {
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

const resultSchema = z.object({
  output: z.object({
    value: z.unknown().optional(),
    reason: z.string().optional(),
  }),
});
const pieceSchema = z.object({ text: z.string().optional(), mediaType: z.string().optional() });

function toPrompt(prompt: Prompt): PromptMessage[] {
  return prompt.map(({ role, content }) => {
    if (typeof content === "string") return { role, text: content, files: [] };
    const pieces = content.flatMap((part) => {
      if (part.type === "text" || part.type === "file") return [pieceSchema.parse(part)];
      if (part.type !== "tool-result") return [];
      const { value, reason } = resultSchema.parse(part).output;
      if (Array.isArray(value)) return z.array(pieceSchema).parse(value);
      return [{ text: value === undefined ? (reason ?? "denied") : JSON.stringify(value) }];
    });
    const files = pieces.flatMap(({ mediaType }) => mediaType ?? []);
    return { role, text: pieces.map(({ text = "" }) => text).join(""), files };
  });
}

function toolsOf({ tools = [] }: AgentScript): Tool[] {
  return tools.map(({ name, description, run }) =>
    defineTool({ name, description, input: z.looseObject({}), run: async (input, options) => run(input, options) }),
  );
}

interface Ask {
  readonly messages: ModelMessage[];
  readonly abortSignal: AbortSignal;
}

/** The adapter's subject is all but the SDK's own call. */
function subjectOf(stream: (script: AgentScript, ask: Ask) => AiSdkResult): AdapterSubject {
  return {
    agent: (script) =>
      async function* ({ input }, { session, signal }) {
        const history = await session.history();
        const messages = toModelMessages([...history.items, ...input]);
        yield* fromAiSdk(stream(script, { messages, abortSignal: signal }));
      },
    // As it would travel to a browser and back.
    roundTrip: (messages) => fromUIMessages(JSON.parse(JSON.stringify(toUIMessages(messages))) as []),
  };
}

function model7(script: AgentScript): sdk7.LanguageModel {
  return new MockLanguageModelV4({
    doStream: async (asked) => {
      const parts = partsOf(script, asked, ({ mediaType, data }) => {
        return { type: "file" as const, mediaType, data: { type: "data" as const, data } };
      });
      return { stream: ReadableStream.from(parts) };
    },
  });
}

function model6(script: AgentScript): sdk6.LanguageModel {
  return new MockLanguageModelV3({
    doStream: async (asked) => {
      const parts = partsOf(script, asked, ({ mediaType, data }) => ({ type: "file" as const, mediaType, data }));
      return { stream: ReadableStream.from(parts) };
    },
  });
}

interface Helper {
  stream(options: { prompt: string; abortSignal?: AbortSignal }): PromiseLike<{ readonly text: PromiseLike<string> }>;
}

/** How the SDK's own guide lets an agent call another. */
function asTool(agent: Helper) {
  return {
    description: "Writes poems.",
    inputSchema: z.looseObject({}),
    execute: async (_: object, { abortSignal }: { abortSignal?: AbortSignal }): Promise<string> => {
      const { text } = await agent.stream({ prompt: "A poem.", ...(abortSignal && { abortSignal }) });
      return text;
    },
  };
}

describeAdapter(
  "agents of AI SDK 7",
  subjectOf((script, ask) => {
    const { tools = [], helper } = script;
    const poet = helper && new sdk7.ToolLoopAgent({ model: model7(helper) });
    const asking = tools.flatMap(({ name, needsApproval }) => (needsApproval === true ? [name] : []));
    return sdk7.streamText({
      ...ask,
      model: model7(script),
      tools: { ...toAiSdkTools(toolsOf(script)), ...(poet && { poet: sdk7.tool(asTool(poet)) }) },
      toolApproval: Object.fromEntries(asking.map((name) => [name, "user-approval"])),
      stopWhen: sdk7.stepCountIs(8),
      onError: () => undefined,
    });
  }),
);

describeAdapter(
  "agents of AI SDK 6",
  subjectOf((script, ask) => {
    const { tools = [], helper } = script;
    const poet = helper && new sdk6.ToolLoopAgent({ model: model6(helper) });
    const given: sdk6.ToolSet = { ...toAiSdkTools(toolsOf(script)), ...(poet && { poet: sdk6.tool(asTool(poet)) }) };
    for (const { name, needsApproval } of tools) {
      const one = given[name];
      if (needsApproval === true && one !== undefined) given[name] = { ...one, needsApproval };
    }
    return sdk6.streamText({
      ...ask,
      model: model6(script),
      tools: given,
      stopWhen: sdk6.stepCountIs(8),
      onError: () => undefined,
    });
  }),
);
