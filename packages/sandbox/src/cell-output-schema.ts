import { z } from "zod";

const cellDataSchema = z.record(z.string(), z.string());

/** What a cell says, as it comes from a kernel or over the wire. */
export const cellOutputSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("stdout"), text: z.string() }),
  z.object({ type: z.literal("stderr"), text: z.string() }),
  z.object({ type: z.literal("display"), data: cellDataSchema }),
  z.object({ type: z.literal("result"), data: cellDataSchema }),
  z.object({ type: z.literal("error"), name: z.string(), message: z.string(), traceback: z.string() }),
]);
