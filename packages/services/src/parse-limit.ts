import { RuntimeError } from "@agentscope-runtime/protocol";

const maxLimit = 1000;

/** The limit of a page or a search: `invalid_argument` unless it is a whole number from 1 to 1,000. */
export function parseLimit(limit: number | undefined, defaultLimit = 50): number {
  const parsed = limit ?? defaultLimit;
  if (Number.isInteger(parsed) && parsed >= 1 && parsed <= maxLimit) return parsed;
  throw new RuntimeError("invalid_argument", `A limit is a whole number from 1 to ${maxLimit}.`, {
    details: { path: "limit", maxLimit },
  });
}
