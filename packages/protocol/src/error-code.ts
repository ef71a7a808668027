import { z } from "zod";

/** Every way a call can fail that a caller can act on. A code means the same in an HTTP error, an event and a catch block. */
export const errorCodeSchema = z.enum([
  "invalid_argument",
  "unauthenticated",
  "permission_denied",
  "not_found",
  "method_not_allowed",
  "conflict",
  "payload_too_large",
  "resource_exhausted",
  "canceled",
  "internal",
  "unimplemented",
  "unavailable",
  "deadline_exceeded",
]);

export type ErrorCode = z.infer<typeof errorCodeSchema>;
