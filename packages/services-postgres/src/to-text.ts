/** Ends each part of a joined text. It never stands in a text that {@link toText} gives. */
export const separator = "\u001e";
/** Ends each piece of several parts. It never stands in such a text either. */
export const pieceSeparator = "\u001d";

/** Begins what is escaped, with the four digits of its code unit. */
export const escape = "\u001a";

/** Whether there may be something to escape: all surrogates are taken for halves. */
// oxlint-disable-next-line eslint/no-control-regex -- They are what it is about.
const suspicious = /[\0\u001a\u001d\u001e\ud800-\udfff]/;
// oxlint-disable-next-line eslint/no-control-regex -- They are what it is about.
const foreign = /[\0\u001a\u001d\u001e]|\p{Surrogate}/gu;
// oxlint-disable-next-line eslint/no-control-regex -- They are what it is about.
const escaped = /\u001a([0-9a-f]{4})/g;

/**
 * A text as Postgres can keep it: a column holds neither NUL nor half of a surrogate pair, so what it cannot hold is
 * escaped, and so are the characters that have a meaning here. No two texts become the same.
 */
export function toText(text: string): string {
  if (!suspicious.test(text)) return text;
  return text.replaceAll(foreign, (unit) => `${escape}${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The text that became this one. */
export function fromText(text: string): string {
  if (!text.includes(escape)) return text;
  return text.replaceAll(escaped, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
