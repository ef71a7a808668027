import { RuntimeError } from "@agentscope-runtime/protocol";

/**
 * JSON text of what an agent or a tool gave; a string is taken as text already. `internal` for what JSON cannot hold,
 * such as a cycle or a bigint.
 */
export function jsonText(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    const json = JSON.stringify(value) as string | undefined; // Undefined for undefined and functions.
    return json ?? "null";
  } catch (cause) {
    throw new RuntimeError("internal", "The agent yielded something that JSON cannot hold.", { cause });
  }
}
