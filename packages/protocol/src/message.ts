import { z } from "zod";
import { contentSchema } from "./content.ts";
import { eventFields } from "./event-fields.ts";
import { newUuid } from "./new-uuid.ts";
import { roleSchema } from "./role.ts";
import { runStatusSchema } from "./run-status.ts";
import { usageSchema } from "./usage.ts";

/**
 * What a message is about. The runtime emits `message`, `reasoning`, the three pairs of calls and outputs, and
 * `mcp_approval_request`; the others are there for agents that speak to their own clients.
 */
export const messageTypeSchema = z.enum([
  "message",
  "function_call",
  "function_call_output",
  "plugin_call",
  "plugin_call_output",
  "component_call",
  "component_call_output",
  "mcp_list_tools",
  "mcp_approval_request",
  "mcp_call",
  "mcp_approval_response",
  "mcp_call_output",
  "reasoning",
  "heartbeat",
  "error",
  "a2ui_response",
  "a2ui_action",
]);

export type MessageType = z.infer<typeof messageTypeSchema>;

export const messageSchema = z.object({
  ...eventFields,
  object: z.literal("message").default("message"),
  status: runStatusSchema.nullable().default("created"),
  // A JSON Schema would show one new id as everybody's default.
  id: z
    .string()
    .default(() => newMessageId())
    .meta({ default: undefined }),
  type: messageTypeSchema.default("message"),
  role: roleSchema.nullable().default(null),
  content: z.array(contentSchema).nullable().default(null),
  /** Why the message failed, where `error` cannot say it. */
  code: z.string().nullable().default(null),
  message: z.string().nullable().default(null),
  usage: usageSchema.nullable().default(null),
  metadata: z.record(z.string(), z.unknown()).nullable().default(null),
});

/** A message as it is sent: every field is there. */
export type Message = z.output<typeof messageSchema>;
/** A message as a caller may write it: everything but its content may be left out. */
export type MessageInput = z.input<typeof messageSchema>;

export function newMessageId(): string {
  return `msg_${newUuid()}`;
}
