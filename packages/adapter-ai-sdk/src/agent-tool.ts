import { RuntimeError } from "@agentscope-runtime/protocol";
import { defineTool, textResult } from "@agentscope-runtime/tools";
import type { Tool } from "@agentscope-runtime/tools";
import { z } from "zod";
import { fromAiSdk } from "./from-ai-sdk.ts";
import type { AiSdkResult } from "./from-ai-sdk.ts";

/** The part of a `ToolLoopAgent`, or of another agent of the SDK, that is used. */
export interface AiSdkAgent {
  stream(options: { prompt: string; abortSignal?: AbortSignal }): PromiseLike<AiSdkResult>;
}

export interface AgentToolOptions {
  /** What the model calls the agent by. */
  readonly name: string;
  /** For the model: what the agent is good for. */
  readonly description: string;
}

/**
 * An agent of AI SDK 6 or 7 as a tool, for agents of any framework. It is given a task in words, begins without a conversation, and
 * answers with what it says; what it has said so far is an update. An abort reaches it. Its tokens are not counted into the run's.
 *
 * @example
 * ```ts
 * const tools = toAiSdkTools([agentTool(researcher, { name: "research", description: "Looks things up." })]);
 * ```
 */
export function agentTool(agent: AiSdkAgent, { name, description }: AgentToolOptions): Tool {
  return defineTool({
    name,
    description,
    input: z.object({ task: z.string().describe("What to do, with all that has to be known for it.") }),
    run: async ({ task }, { signal, onUpdate }) => {
      let said = "";
      for await (const output of fromAiSdk(agent.stream({ prompt: task, ...(signal && { abortSignal: signal }) }))) {
        if (typeof output === "string" || !("type" in output)) continue;
        if (output.type === "message.end") said += "\n\n";
        if (output.type === "incomplete") {
          throw new RuntimeError("unavailable", `The agent ${name} could not finish: ${output.reason}.`);
        }
        if (output.type !== "text.delta") continue;
        said += output.delta;
        onUpdate?.(textResult(said));
      }
      return textResult(said);
    },
  });
}
