import { RuntimeError } from "@agentscope-runtime/protocol";

/** A time to live in milliseconds: `invalid_argument` unless it is a whole number above 0. */
export function parseTtl(ttlMs: number): number {
  if (Number.isSafeInteger(ttlMs) && ttlMs > 0) return ttlMs;
  throw new RuntimeError("invalid_argument", "A time to live is a whole number of milliseconds above 0.", {
    details: { path: "ttlMs" },
  });
}
