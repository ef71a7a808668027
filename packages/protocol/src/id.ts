import { z } from "zod";

const maxLength = 128;
const allowed = /^[\p{L}\p{M}\p{N}._:@=+~|-]+$/u;

/**
 * An id that a caller chooses: of a session, a user or a run. 1 to 128 letters, digits or `. _ : @ = + ~ | -`, and not
 * only dots, so that it is safe in a URL path, a log line and, encoded, in any store.
 */
export const idSchema = z
  .string()
  .min(1, "An id needs at least one character.")
  .max(maxLength, `An id has at most ${maxLength} characters.`)
  .refine((id) => allowed.test(id) && !/^\.+$/.test(id), "An id has letters, digits and . _ : @ = + ~ | - only.");
