import { z } from "zod";
import { eventFields } from "./event-fields.ts";
import { messageSchema } from "./message.ts";
import { newUuid } from "./new-uuid.ts";
import { runStatusSchema } from "./run-status.ts";
import { usageSchema } from "./usage.ts";

/** A run as its caller sees it. Its `id` is the run's id. */
export const agentResponseSchema = z.object({
  ...eventFields,
  object: z.literal("response").default("response"),
  status: runStatusSchema.nullable().default("created"),
  id: z.string(),
  /** Seconds since 1970. */
  created_at: z.int(),
  /** Seconds since 1970; null until the run has ended. */
  completed_at: z.int().nullable().default(null),
  /** What the agent said and did, in order; null until the run has ended. */
  output: z.array(messageSchema).nullable().default(null),
  usage: usageSchema.nullable().default(null),
  session_id: z.string().nullable().default(null),
  /** Why the run ended before the agent was done; only there when `status` is `incomplete`. */
  incomplete_details: z.object({ reason: z.string() }).nullable().default(null),
});

export type AgentResponse = z.output<typeof agentResponseSchema>;

export function newResponseId(): string {
  return `response_${newUuid()}`;
}
