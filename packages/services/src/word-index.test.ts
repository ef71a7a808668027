import { countWords, WordIndex } from "./word-index.ts";
import type { Indexed } from "./word-index.ts";

function textOf(...all: string[]): Indexed {
  return { words: countWords(all), length: all.length };
}

const query = countWords(["tea", "cup"]);

describe("WordIndex", () => {
  it("finds nothing without texts or without words", () => {
    const index = new WordIndex();
    expect(index.search(query)).toEqual(new Map());
    index.add(textOf("tea"));
    expect(index.search(countWords([]))).toEqual(new Map());
  });

  it("scores as if what was removed had never been there", () => {
    const kept = [textOf("tea", "cup"), textOf("cup", "of", "coffee"), textOf("tea", "tea")];
    const never = new WordIndex();
    const removed = new WordIndex();
    const gone = textOf("tea", "in", "a", "very", "long", "text", "about", "a", "cup");
    removed.add(gone);
    for (const text of kept) for (const index of [never, removed]) index.add(text);
    expect(removed.search(query).get(gone)).toBeGreaterThan(0);
    removed.remove(gone);
    expect(removed.search(query)).toEqual(never.search(query));
  });

  it("scores above 0 also a word that every text has", () => {
    const index = new WordIndex();
    for (const text of [textOf("tea"), textOf("tea", "tea"), textOf("tea", "cup")]) index.add(text);
    for (const score of index.search(countWords(["tea"])).values()) expect(score).toBeGreaterThan(0);
  });
});
