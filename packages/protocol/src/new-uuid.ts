/**
 * A random UUID, as one flat string. V8 keeps those of `crypto` as trees of their pieces, of 500 bytes, until somebody looks into them,
 * and ids are kept for as long as what they name.
 */
export function newUuid(): string {
  return crypto.randomUUID().toLowerCase();
}
