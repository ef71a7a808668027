import { createHash } from "node:crypto";
import type { HttpRequest } from "@agentscope-runtime/core";
import { agentRequestSchema, idSchema, parse } from "@agentscope-runtime/protocol";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import { z } from "zod";

const promptSchema = z.looseObject({ prompt: z.string() });

/** A payload: a `prompt`, as AgentCore's examples have it, or a request of our own wire. */
export const invocationSchema = z.union([promptSchema, agentRequestSchema]);

const prefix = "x-amzn-bedrock-agentcore-runtime-";

/** The request that a payload stands for. What the platform says about session and user wins. */
export function parseInvocation(payload: unknown, headers: HttpRequest["headers"]): AgentRequest {
  const prompt = promptSchema.safeParse(payload);
  const asked = prompt.success ? fromPrompt(prompt.data) : payload;
  const request = parse(agentRequestSchema, asked, "request");
  const sessionId = headers[`${prefix}session-id`];
  const userId = headers[`${prefix}user-id`];
  return {
    ...request,
    ...(sessionId === undefined ? {} : { session_id: toId(sessionId) }),
    ...(userId === undefined ? {} : { user_id: toId(userId) }),
  };
}

/** The fields beside the prompt reach the agent. */
function fromPrompt({ prompt, ...rest }: z.output<typeof promptSchema>): unknown {
  return { ...rest, input: [{ role: "user", content: [{ type: "text", text: prompt }] }] };
}

/** The platform's ids may be longer than ours: such a one becomes its digest, always the same. */
function toId(id: string): string {
  return idSchema.safeParse(id).success ? id : `agentcore-${createHash("sha256").update(id).digest("hex")}`;
}
