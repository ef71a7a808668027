import { bm25 } from "./bm25.ts";

/** How often each word stands in a text. */
export type WordCounts = ReadonlyMap<string, number>;

export interface Indexed {
  readonly words: WordCounts;
  /** How many words the text has. */
  readonly length: number;
}

export function countWords(words: readonly string[]): WordCounts {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Texts by their words. A search looks only at texts that have one of its words. */
export class WordIndex<T extends Indexed> {
  readonly #byWord = new Map<string, Set<T>>();
  #size = 0;
  #totalLength = 0;

  add(text: T): void {
    for (const word of text.words.keys()) {
      const texts = this.#byWord.get(word);
      if (texts === undefined) this.#byWord.set(word, new Set([text]));
      else texts.add(text);
    }
    this.#size++;
    this.#totalLength += text.length;
  }

  remove(text: T): void {
    for (const word of text.words.keys()) {
      const texts = this.#byWord.get(word);
      texts?.delete(text);
      if (texts?.size === 0) this.#byWord.delete(word);
    }
    this.#size--;
    this.#totalLength -= text.length;
  }

  /** Each text that has one of the words, with its score by BM25: above 0, higher is nearer. */
  search(query: WordCounts): Map<T, number> {
    const scores = new Map<T, number>();
    for (const word of query.keys()) {
      const texts = this.#byWord.get(word) ?? new Set();
      for (const text of texts) {
        const worth = bm25({
          count: text.words.get(word) ?? 0,
          relativeLength: text.length / (this.#totalLength / this.#size),
          holders: texts.size,
          texts: this.#size,
        });
        scores.set(text, (scores.get(text) ?? 0) + worth);
      }
    }
    return scores;
  }
}
