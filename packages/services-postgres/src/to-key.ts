import { hash } from "node:crypto";

/**
 * What a row is found by: the hash of everything that tells it from others. Ids are any text of any length; an index takes
 * neither long ones nor every character.
 */
export function toKey(...parts: readonly (string | undefined)[]): Buffer {
  // A buffer made from text shares a larger one with others, which is easier on the garbage collector.
  return Buffer.from(hash("sha256", JSON.stringify(parts), "hex"), "hex");
}
