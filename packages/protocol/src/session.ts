import { z } from "zod";

/** A conversation that the server keeps, without its messages. */
export const sessionSchema = z.object({
  object: z.literal("session"),
  id: z.string(),
  user_id: z.string(),
  title: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  message_count: z.int(),
  /** Seconds since 1970. */
  created_at: z.int(),
  /** Seconds since 1970. */
  updated_at: z.int(),
});

export type Session = z.output<typeof sessionSchema>;
