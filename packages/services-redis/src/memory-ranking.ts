/** A memory that may be found. */
export interface Candidate {
  readonly id: string;
  /** Grows with time: of equally good ones, the newer is first. */
  readonly place: string;
  readonly score: number;
}

/** A text that has a word. */
export interface Posting {
  readonly id: string;
  readonly place: string;
  /** How often the word stands in the text, and how many words the text has. */
  readonly count: number;
  readonly length: number;
}

export interface TextTotals {
  /** How many texts there are. */
  readonly size: number;
  /** How many words all of them have. */
  readonly length: number;
}

/** The usual values of BM25: how soon more of the same word counts no more, and how much a long text counts less. */
const saturation = 1.2;
const lengthWeight = 0.75;
/** The usual constant of reciprocal rank fusion: how little the first places count above the others. */
const flatness = 60;

/** Texts by BM25, from what has each word of a query. */
export function rankByWords(postings: readonly (readonly Posting[])[], { size, length }: TextTotals): Candidate[] {
  const scores = new Map<string, Candidate>();
  const meanLength = Math.max(length, 1) / Math.max(size, 1);
  for (const texts of postings) {
    const rarity = Math.log(1 + (Math.max(size - texts.length, 0) + 0.5) / (texts.length + 0.5));
    for (const text of texts) {
      const norm = saturation * (1 - lengthWeight + (lengthWeight * text.length) / meanLength);
      const score = (rarity * text.count * (saturation + 1)) / (text.count + norm);
      const before = scores.get(text.id)?.score ?? 0;
      scores.set(text.id, { id: text.id, place: text.place, score: before + score });
    }
  }
  return bestFirst(scores.values());
}

/** One ranking from several whose scores cannot be compared: what stands high in more of them is higher. */
export function fuseRankings(rankings: readonly (readonly Candidate[])[]): Candidate[] {
  const fused = new Map<string, Candidate>();
  for (const ranking of rankings) {
    for (const [rank, { id, place }] of ranking.entries()) {
      const score = (fused.get(id)?.score ?? 0) + 1 / (flatness + rank + 1);
      fused.set(id, { id, place, score });
    }
  }
  return bestFirst(fused.values());
}

export function bestFirst(candidates: Iterable<Candidate>): Candidate[] {
  return [...candidates].toSorted((one, other) => other.score - one.score || (one.place < other.place ? 1 : -1));
}
