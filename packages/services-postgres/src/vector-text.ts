import { RuntimeError } from "@agentscope-runtime/protocol";

/** A vector of length 1 in the same direction, as the text of a `real[]`: the product of two is their cosine. */
export function toVectorText(vector: readonly number[]): string {
  if (!vector.every(Number.isFinite))
    throw new RuntimeError("internal", "The embedder gave a vector with no numbers in it.");
  const length = Math.hypot(...vector);
  return `{${vector.map((value) => (length === 0 ? 0 : value / length)).join(",")}}`;
}
