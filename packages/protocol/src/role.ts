import { z } from "zod";

/** Who speaks in a message. */
export const roleSchema = z.enum(["assistant", "user", "system", "tool"]);

export type Role = z.infer<typeof roleSchema>;
