import { fromAiSdk, toAiSdkTools, toModelMessages } from "@agentscope-runtime/adapter-ai-sdk";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { stepCountIs, streamText } from "ai";
import type { AgentOutput } from "@agentscope-runtime/core";
import { instructions, maxSteps } from "./researcher.ts";
import type { Provider, Research } from "./researcher.ts";

/** Chat completions have no place for images in results. */
const images = { imagesInResults: false };

/** The Vercel AI SDK: `streamText` is the loop, our session history its messages. */
export function aiSdkResearcher({ baseUrl, apiKey, model }: Provider): Research {
  const provider = createOpenAICompatible({ name: "provider", baseURL: baseUrl, apiKey, includeUsage: true });
  return async function* ({ input }, { session, signal }, tools): AsyncGenerator<AgentOutput> {
    const { items } = await session.history();
    const result = streamText({
      model: provider.chatModel(model),
      instructions,
      messages: toModelMessages([...items, ...input], images),
      tools: toAiSdkTools(tools, images),
      stopWhen: stepCountIs(maxSteps),
      abortSignal: signal,
      onError: () => undefined, // The failure arrives in the stream.
    });
    yield* fromAiSdk(result);
  };
}
