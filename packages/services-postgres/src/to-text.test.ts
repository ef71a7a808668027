import { fromText, pieceSeparator, separator, toText } from "./to-text.ts";

const awkward = [
  "",
  "plain",
  "a\0b",
  "\u001a",
  "\u001a0000",
  "\u001a001a0000",
  separator,
  `a${pieceSeparator}b`,
  "\ud83d",
  "\ude00",
  "\ude00\ud83d",
  "😀",
  "\ud83d\ud83d\ude00",
  "日本\0語",
];

it("gives every text back", () => {
  for (const text of awkward) expect(fromText(toText(text))).toBe(text);
});

it("makes no two texts the same", () => {
  expect(new Set(awkward.map(toText)).size).toBe(awkward.length);
});

it("leaves nothing that a column cannot hold or that has a meaning of its own", () => {
  for (const text of awkward.map(toText)) {
    expect(text.isWellFormed()).toBe(true);
    for (const character of ["\0", separator, pieceSeparator]) expect(text).not.toContain(character);
  }
});

it("leaves ordinary text as it is", () => {
  for (const text of ["", "plain", "tab\tand\nline", "日本語 😀"]) expect(toText(text)).toBe(text);
});
