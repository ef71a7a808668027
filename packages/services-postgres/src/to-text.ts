/** Ends each part of a joined text. It never stands in a text that {@link toText} gives. */
export const separator = "\u001e";
/** Ends each piece of several parts. It never stands in such a text either. */
export const pieceSeparator = "\u001d";

const escape = "\u001a";
// oxlint-disable-next-line eslint/no-control-regex -- They are what it is about.
const foreign = /[\0\u001a\u001d\u001e]|\p{Surrogate}/gu;
// oxlint-disable-next-line eslint/no-control-regex -- They are what it is about.
const escaped = /\u001a([0-9a-f]{4})/g;

/**
 * A text as Postgres can keep it: a column holds neither NUL nor half of a surrogate pair, so what it cannot hold is
 * escaped, and so are the characters that have a meaning here. No two texts become the same.
 */
export function toText(text: string): string {
  const isFine =
    text.isWellFormed() && ![escape, separator, pieceSeparator, "\0"].some((character) => text.includes(character));
  if (isFine) return text;
  return text.replaceAll(foreign, (unit) => `${escape}${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The text that became this one. */
export function fromText(text: string): string {
  if (!text.includes(escape)) return text;
  return text.replaceAll(escaped, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
