export function toVectorText(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");
}

export function fromVectorText(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, "base64")); // A copy, since floats must not begin anywhere.
  return new Float32Array(bytes.buffer);
}
