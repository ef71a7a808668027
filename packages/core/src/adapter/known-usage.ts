import type { Usage } from "@agentscope-runtime/protocol";

/**
 * The counts of tokens that are known; undefined when none is. What a provider has not counted, or has counted badly, as NaN or less
 * than 0, is left out: the wire has no such number.
 */
export function knownUsage(counts: Readonly<Record<string, unknown>>): Usage | undefined {
  const known = Object.entries(counts).filter(([, count]) => Number.isFinite(count) && Number(count) >= 0);
  return known.length === 0 ? undefined : Object.fromEntries(known);
}
