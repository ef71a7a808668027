/** Does something at the first call, and again at calls that come so many milliseconds later; those between are left out. */
export function atMostEvery(milliseconds: number, work: () => void): () => void {
  let last = -Infinity;
  return () => {
    const now = performance.now();
    if (now - last < milliseconds) return;
    last = now;
    work();
  };
}
