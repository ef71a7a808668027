import { bm25, fuseRanks } from "@agentscope-runtime/services";

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

/** Texts by BM25, from what has each word of a query. */
export function rankByWords(postings: readonly (readonly Posting[])[], { size, length }: TextTotals): Candidate[] {
  const scores = new Map<string, Candidate>();
  const meanLength = Math.max(length, 1) / Math.max(size, 1);
  for (const texts of postings) {
    for (const { id, place, count, length: own } of texts) {
      const worth = bm25({ count, relativeLength: own / meanLength, holders: texts.length, texts: size });
      scores.set(id, { id, place, score: (scores.get(id)?.score ?? 0) + worth });
    }
  }
  return bestFirst(scores.values());
}

/** One ranking from several whose scores cannot be compared: what stands high in more of them is higher. */
export function fuseRankings(rankings: readonly (readonly Candidate[])[]): Candidate[] {
  const places = new Map(rankings.flat().map(({ id, place }) => [id, place]));
  const scores = fuseRanks(rankings.map((ranking) => ranking.map(({ id }) => id)));
  return bestFirst(Array.from(scores, ([id, score]) => ({ id, place: places.get(id) ?? "", score })));
}

export function bestFirst(candidates: Iterable<Candidate>): Candidate[] {
  return [...candidates].toSorted((one, other) => other.score - one.score || (one.place < other.place ? 1 : -1));
}
