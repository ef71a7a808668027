/** The text of a `real[]`. */
export function toVectorText(vector: Float32Array): string {
  return `{${vector.join(",")}}`;
}
