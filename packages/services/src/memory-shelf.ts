import { fuseRanks } from "./fuse-ranks.ts";
import type { Numbered } from "./page-of.ts";
import { Timeline } from "./timeline.ts";
import { product } from "./vector.ts";
import { WordIndex } from "./word-index.ts";
import type { Indexed, WordCounts } from "./word-index.ts";

export interface StoredMemory extends Indexed {
  readonly id: string;
  /** Its place in the order in which all memories were added. */
  readonly number: number;
  readonly userId: string;
  readonly sessionId: string | undefined;
  readonly text: string;
  /** Of length 1; undefined without an embedder. */
  readonly vector: Float32Array | undefined;
  /** As JSON text. */
  readonly metadata: string;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
}

export interface ShelfQuery {
  readonly words: WordCounts;
  /** Of length 1. Undefined: by words alone. */
  readonly vector: Float32Array | undefined;
  readonly minSimilarity: number;
}

/** Memories that are searched together, ready to be found by id, by age, by word and by meaning. */
export class MemoryShelf {
  readonly #byId = new Map<string, StoredMemory>();
  readonly #byAge = new Timeline<StoredMemory>();
  readonly #byWord = new WordIndex<StoredMemory>();

  get isEmpty(): boolean {
    return this.#byId.size === 0;
  }

  put(memory: StoredMemory): void {
    this.#byId.set(memory.id, memory);
    this.#byAge.add(memory.number, memory);
    this.#byWord.add(memory);
  }

  remove(memory: StoredMemory): void {
    this.#byId.delete(memory.id);
    this.#byAge.remove(memory.number);
    this.#byWord.remove(memory);
  }

  get(id: string): StoredMemory | undefined {
    return this.#byId.get(id);
  }

  all(): StoredMemory[] {
    return [...this.#byId.values()];
  }

  newest(before: number): Iterable<Numbered<StoredMemory>> {
    return this.#byAge.newest(before);
  }

  /** Best first; of equally good ones, the newer first. */
  search({ words, vector, minSimilarity }: ShelfQuery): [memory: StoredMemory, score: number][] {
    const byWord = best(this.#byWord.search(words));
    if (vector === undefined) return byWord;
    const near = new Map<StoredMemory, number>();
    for (const memory of this.#byId.values()) {
      const similarity = memory.vector === undefined ? 0 : product(memory.vector, vector);
      if (similarity > 0 && similarity >= minSimilarity) near.set(memory, similarity);
    }
    return best(fuseRanks([byWord, best(near)].map((ranking) => ranking.map(([memory]) => memory))));
  }
}

function best(scores: ReadonlyMap<StoredMemory, number>): [StoredMemory, number][] {
  return [...scores].toSorted(([left, leftScore], [right, rightScore]) =>
    leftScore === rightScore ? right.number - left.number : rightScore - leftScore,
  );
}
