import { z } from "zod";
import { runStatusSchema } from "./run-status.ts";

/** A run as the server remembers it, without its events. */
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

export type Run = z.output<typeof runSchema>;
