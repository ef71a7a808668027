import { z } from "zod";

/** How a background task is doing. `started_at` is in seconds since 1970; the result of an error is its message. */
export const taskStatusSchema = z.discriminatedUnion("status", [
  z.object({ status: z.literal("pending"), result: z.null() }),
  z.object({ status: z.literal("running"), started_at: z.number(), result: z.null() }),
  z.object({ status: z.literal("finished"), result: z.unknown() }),
  z.object({ status: z.literal("error"), result: z.string() }),
]);

export type TaskStatus = z.output<typeof taskStatusSchema>;
