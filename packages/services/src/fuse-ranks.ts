/** The usual constant of reciprocal rank fusion: how little the first places count above the others. */
const flatness = 60;

/** Scores from several rankings, best first, whose own scores cannot be compared: what stands high in more is higher. */
export function fuseRanks<T>(rankings: readonly (readonly T[])[]): Map<T, number> {
  const scores = new Map<T, number>();
  for (const ranking of rankings) {
    for (const [rank, entry] of ranking.entries()) {
      scores.set(entry, (scores.get(entry) ?? 0) + 1 / (flatness + rank + 1));
    }
  }
  return scores;
}
