const plain = /^[\w.@-]*$/;
const unsafe = /[^\p{L}\p{N}_.@-]/gu;
const escaped = /%([0-9a-f]+);/g;

/**
 * Any text as a part of a key: no two texts become the same, and none gets a meaning that it should not have. What is
 * left as it is are letters, digits and `_.@-`; half of a surrogate pair, which UTF-8 cannot hold, is escaped too.
 */
export function encodeId(id: string): string {
  if (plain.test(id)) return id; // As nearly all are, and this is quicker.
  return id.replace(unsafe, (character) => `%${(character.codePointAt(0) ?? 0).toString(16)};`);
}

/** The text again. */
export function decodeId(encoded: string): string {
  return encoded.replace(escaped, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}
