import type { AgentResponse } from "@agentscope-runtime/protocol";
import { z } from "zod";

export const taskStatusSchema = z.discriminatedUnion("status", [
  z.object({ status: z.literal("pending"), result: z.null() }),
  z.object({ status: z.literal("running"), started_at: z.number(), result: z.null() }),
  z.object({ status: z.literal("finished"), result: z.unknown() }),
  z.object({ status: z.literal("error"), result: z.string() }),
]);

/** How a run in the background is doing. `started_at` is in seconds since 1970; the result of an error is its message. */
export type TaskStatus =
  | { readonly status: "pending"; readonly result: null }
  | { readonly status: "running"; readonly started_at: number; readonly result: null }
  | { readonly status: "finished"; readonly result: AgentResponse }
  | { readonly status: "error"; readonly result: string };
