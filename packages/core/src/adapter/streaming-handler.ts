import type { AgentRequest } from "@agentscope-runtime/protocol";
import type { AgentOutput } from "../agent-output.ts";
import type { RunContext } from "../run-context.ts";

/** A query handler that streams, so that one of your own may do more around it: `yield* handler(request, context)`. */
export type StreamingHandler = (request: AgentRequest, context: RunContext) => AsyncGenerator<AgentOutput>;
