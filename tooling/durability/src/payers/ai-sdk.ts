import { fromAiSdk, toAiSdkTools, toModelMessages } from "@agentscope-runtime/adapter-ai-sdk";
import { stepCountIs, streamText } from "ai";
import { sdkModel } from "./sdk-model.ts";
import { servePayer } from "./serve-payer.ts";

await servePayer(
  (pay) =>
    async function* ({ input }, { session, signal }) {
      const { items } = await session.history();
      const result = streamText({
        model: sdkModel(),
        messages: toModelMessages([...items, ...input]),
        tools: toAiSdkTools([pay]),
        toolApproval: { pay: "user-approval" },
        stopWhen: stepCountIs(8),
        abortSignal: signal,
        onError: () => undefined, // The failure arrives in the stream.
      });
      yield* fromAiSdk(result);
    },
);
