/** The same direction with length 1, so that the product of two is their cosine. A vector of zeros stays one. */
export function ofLengthOne(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}

/** 0 for vectors of different lengths: those of two embedders have nothing in common. */
export function product(left: Float32Array, right: Float32Array): number {
  if (left.length !== right.length) return 0;
  let sum = 0;
  for (const [index, value] of left.entries()) sum += value * (right[index] ?? 0);
  return sum;
}

export function toVectorText(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");
}

export function fromVectorText(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, "base64")); // A copy, since floats must not begin anywhere.
  return new Float32Array(bytes.buffer);
}
