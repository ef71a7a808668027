import { agentRequestSchema, idSchema, parse } from "@agentscope-runtime/protocol";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import type { ToolInputSchema } from "@agentscope-runtime/tools";
import { z } from "zod";

const session_id = idSchema
  .optional()
  .describe("Continues the conversation with this id. Choose any new id to begin one that can be continued.");

const messageSchema = z.strictObject({
  message: z.string().min(1).describe("What to say to the agent."),
  messages: z
    .array(z.strictObject({ role: z.enum(["user", "assistant", "system"]), content: z.string() }))
    .max(1_000)
    .optional()
    .describe("What was said before, oldest first, where the agent cannot know it from the session."),
  session_id,
});

const silentSchema = z.strictObject({ session_id });

/** How an agent's input is told to models. */
export function agentInputSchema(takesMessage: boolean): ToolInputSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(takesMessage ? messageSchema : silentSchema, { io: "input" });
  return { ...schema, type: "object" };
}

/** The request that a call of an agent stands for. `invalid_argument` with the field's name. */
export function toAgentRequest(
  toolArguments: unknown,
  { tool, takesMessage }: { readonly tool: string; readonly takesMessage: boolean },
): AgentRequest {
  const given = toolArguments ?? {};
  const what = `arguments of ${tool}`;
  if (!takesMessage) return parse(agentRequestSchema, { input: [], ...parse(silentSchema, given, what) }, "request");
  const { message, messages = [], session_id: sessionId } = parse(messageSchema, given, what);
  const input = [...messages, { role: "user", content: message }].map(({ role, content }) => ({
    role,
    content: [{ type: "text", text: content }],
  }));
  return parse(agentRequestSchema, { input, session_id: sessionId }, "request");
}
