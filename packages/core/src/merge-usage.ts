import type { Usage } from "@agentscope-runtime/protocol";
import { isObject } from "./adapter/is-object.ts";

/** Adds two reports: numbers add up, objects are merged the same way, anything else is taken from the later one that says it. */
export function mergeUsage(before: Usage | null, report: Usage): Usage {
  return merge(before ?? {}, report);
}

function merge(before: Readonly<Record<string, unknown>>, report: Readonly<Record<string, unknown>>): Usage {
  const sum: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(report)) {
    const old = sum[key];
    if (typeof old === "number" && typeof value === "number") sum[key] = old + value;
    else if (isObject(old) && isObject(value)) sum[key] = merge(old, value);
    else if (value !== undefined && value !== null) sum[key] = value;
  }
  return sum;
}
