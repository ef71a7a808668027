import type { Content } from "@agentscope-runtime/protocol";

/** A part of a message: only what it says, without numbers, states and fields that are null. */
export type BarePart = Readonly<Record<string, unknown>> & { readonly type: string };

const ownNot = new Set(["object", "status", "error", "sequence_number", "index", "delta", "msg_id"]);

export function barePart(part: Content): BarePart {
  const fields = Object.entries(part).filter(
    ([name, value]) => !ownNot.has(name) && value !== null && value !== undefined,
  );
  return { ...Object.fromEntries(fields), type: part.type };
}
