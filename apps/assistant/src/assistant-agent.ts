import { fromAiSdk, toAiSdkTools, toModelMessages } from "@agentscope-runtime/adapter-ai-sdk";
import type { QueryHandler, RunSession } from "@agentscope-runtime/core";
import type { Message } from "@agentscope-runtime/protocol";
import { sandboxTools } from "@agentscope-runtime/sandbox";
import type { Sandbox, SandboxLease, SandboxService } from "@agentscope-runtime/sandbox";
import { stepCountIs, streamText } from "ai";
import type { LanguageModel, ToolSet } from "ai";
import { assistantTools } from "./assistant-tools.ts";

export interface AssistantOptions {
  readonly model: LanguageModel;
  /** Where each session runs code; without it the assistant runs none. */
  readonly sandboxes?: SandboxService | undefined;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** The models are asked by chat completions, which have no place for them. */
const imagesInResults = false;
const maxSteps = 8;
const historyLimit = 40;
const memoryLimit = 5;

/** Answers with the session's history and what it remembers of the user in mind, and runs code in the session's sandbox. */
export function assistantAgent({ model, sandboxes, now = Date.now }: AssistantOptions): QueryHandler {
  return async function* ({ input }, { session, memory, signal }) {
    const history = await session.history({ limit: historyLimit });
    const known = await memory.search(textOf(input), { limit: memoryLimit });
    await using code = await codeTools(sandboxes, session);
    const result = streamText({
      model,
      instructions: instructions(known.map(({ text }) => text)),
      messages: toModelMessages([...history.items, ...input], { imagesInResults }),
      tools: { ...assistantTools({ memory, now }), ...code.tools },
      stopWhen: stepCountIs(maxSteps),
      abortSignal: signal,
      // The failure arrives in the stream; by default the SDK would print it as well.
      onError: () => undefined,
    });
    yield* fromAiSdk(result);
  };
}

/** The tools that run in the session's sandbox, which is made when one of them is first called. */
async function codeTools(
  sandboxes: SandboxService | undefined,
  { userId, id: sessionId }: RunSession,
): Promise<{ readonly tools: ToolSet } & AsyncDisposable> {
  if (sandboxes === undefined) return { tools: {}, [Symbol.asyncDispose]: async () => undefined };
  let lease: Promise<SandboxLease> | undefined;
  const open = async (): Promise<Sandbox> => (await (lease ??= sandboxes.connect({ userId, sessionId }))).sandbox;
  return {
    tools: toAiSdkTools(await sandboxTools(open), { imagesInResults }),
    // The sandbox stays for the session's next message.
    [Symbol.asyncDispose]: async () => (await lease?.catch(() => undefined))?.[Symbol.asyncDispose](),
  };
}

function instructions(known: readonly string[]): string {
  const facts =
    known.length === 0 ? "" : `\nWhat you know of the user:\n${known.map((fact) => `- ${fact}`).join("\n")}`;
  return `You are a friendly assistant. Answer briefly. Use your tools where they help; compute and draw with Python.${facts}`;
}

function textOf(messages: readonly Message[]): string {
  return messages
    .flatMap(({ content }) => content ?? [])
    .map((part) => (part.type === "text" ? (part.text ?? "") : ""))
    .join(" ");
}
