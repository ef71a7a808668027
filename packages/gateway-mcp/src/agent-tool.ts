import { agentRequestSchema, idSchema, parse } from "@agentscope-runtime/protocol";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import type { ToolInputSchema } from "@agentscope-runtime/tools";
import { z } from "zod";

const inputSchema = z.strictObject({
  message: z.string().min(1).describe("What to say to the agent."),
  messages: z
    .array(z.strictObject({ role: z.enum(["user", "assistant", "system"]), content: z.string() }))
    .max(1_000)
    .optional()
    .describe("What was said before, oldest first, where the agent cannot know it from the session."),
  session_id: idSchema
    .optional()
    .describe("Continues the conversation with this id. Choose any new id to begin one that can be continued."),
});

const { $schema: _, ...jsonSchema } = z.toJSONSchema(inputSchema, { io: "input" });

/** How an agent's input is told to models. */
export const agentInputSchema: ToolInputSchema = { ...jsonSchema, type: "object" };

/** The request that a call of an agent stands for. `invalid_argument` with the field's name. */
export function toAgentRequest(toolArguments: unknown, tool: string): AgentRequest {
  const { message, messages = [], session_id } = parse(inputSchema, toolArguments ?? {}, `arguments of ${tool}`);
  const input = [...messages, { role: "user", content: message }].map(({ role, content }) => ({
    role,
    content: [{ type: "text", text: content }],
  }));
  return parse(agentRequestSchema, { input, session_id }, "request");
}
