import { runStatusSchema } from "@agentscope-runtime/protocol";
import type { AgentResponse } from "@agentscope-runtime/protocol";
import { z } from "zod";

export const runSchema = z.object({
  object: z.literal("run"),
  id: z.string(),
  agent: z.string(),
  session_id: z.string(),
  user_id: z.string(),
  status: runStatusSchema,
  /** Seconds since 1970. */
  created_at: z.int(),
  /** Seconds since 1970; null until the run has ended. */
  completed_at: z.int().nullable(),
  /** How many events it has so far. */
  event_count: z.int(),
});

/** A run as the server remembers it. */
export type Run = z.output<typeof runSchema>;

export interface RunWithResponse extends Run {
  /** What the run ended with; null until then. */
  readonly response: AgentResponse | null;
}
