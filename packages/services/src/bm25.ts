/** The usual values of BM25: how soon more of the same word counts no more, and how much a long text counts less. */
const saturation = 1.2;
const lengthWeight = 0.75;

export interface WordUse {
  /** How often the word stands in the text. */
  readonly count: number;
  /** How many words the text has, as a share of what texts have on average. */
  readonly relativeLength: number;
  /** In how many texts the word stands, of how many in all. */
  readonly holders: number;
  readonly texts: number;
}

/** What one word of a query is worth to a text that has it: above 0. The score of a text is the sum over all words. */
export function bm25({ count, relativeLength, holders, texts }: WordUse): number {
  const rarity = Math.log(1 + (Math.max(texts - holders, 0) + 0.5) / (holders + 0.5));
  return (
    (rarity * count * (saturation + 1)) / (count + saturation * (1 - lengthWeight + lengthWeight * relativeLength))
  );
}
