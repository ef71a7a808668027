/** Ids that a careless backend would cut, fold, interpret or mix up. No two are the same id. */
export const awkwardIds: readonly string[] = [
  "a",
  "A",
  "a ",
  " a",
  "",
  "a:b",
  "a/b",
  "a\\b",
  "a\nb",
  "../../etc/passwd",
  "'; drop table sessions; --",
  '"quoted"',
  "*",
  "?",
  "%",
  "_",
  "a%",
  "a*",
  "[a]",
  "{a}",
  "$1",
  "null",
  "undefined",
  "0",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "\u00e9", // One character,
  "e\u0301", // and the same letter as two.
  "日本語",
  "שלום עולם",
  "👩🏽‍🚀",
  "x".repeat(1000),
  `${"x".repeat(999)}y`,
];

/** Pairs that become the same text when their parts are joined carelessly. */
export const awkwardPairs: readonly (readonly [string, string])[] = [
  ["a:b", "c"],
  ["a", "b:c"],
  ["a/b", "c"],
  ["a", "b/c"],
  ["a.b", "c"],
  ["a", "b.c"],
  ["a,b", "c"],
  ["a", "b,c"],
  ["a|b", "c"],
  ["a", "b|c"],
  ["ab", "c"],
  ["a", "bc"],
  ["", "abc"],
  ["abc", ""],
  ['a","b', "c"],
  ["a", 'b","c'],
];

/** Text that a careless backend would change. It has no NUL, which the text of Postgres cannot hold. */
export const awkwardText =
  "Zoë said “hi” 👋🏽 – שלום, مرحبا, 你好, ไทย\t\r\n\\ \" ' ` $1 %s {{}} <b> \u2028 \ufeff \u0001 𝒳 end ";

/** A little over 1 MB of text, with characters of one to four bytes. */
export function longText(): string {
  return "The quick brown fox – 狐 🦊. ".repeat(40_000);
}
