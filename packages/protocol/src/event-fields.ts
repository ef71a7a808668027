import { z } from "zod";
import { runStatusSchema } from "./run-status.ts";
import { errorInfoSchema } from "./runtime-error.ts";

/** What every object of the wire carries. Absent and null mean the same; what is sent always has the field. */
export const eventFields = {
  /** Its place in the run's stream, from 0 without gaps. Null outside of a stream. */
  sequence_number: z.int().nonnegative().nullable().default(null),
  status: runStatusSchema.nullable().default(null),
  error: errorInfoSchema.nullable().default(null),
};
