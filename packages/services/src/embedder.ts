import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "./call-options.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Embed } from "./memory-service.ts";
import { ofLengthOne } from "./vector.ts";

/** What every memory service may be told about meaning. */
export interface EmbedderOptions {
  /** Finds memories by meaning too. Without it, by words alone. */
  readonly embed?: Embed | undefined;
  /**
   * How near a memory must be to the query to have something in common with it: the cosine of their vectors, 0 to 1.
   * What is right depends on the embedder. Default 0.2.
   */
  readonly minSimilarity?: number | undefined;
}

/** A memory service's way to its embedder, if it has one. */
export class Embedder {
  readonly isThere: boolean;
  readonly minSimilarity: number;
  readonly #embed: Embed | undefined;
  readonly #lifetime: Lifetime;

  /** The lifetime is the service's: it may end while the embedder is at work. */
  constructor({ embed, minSimilarity = 0.2 }: EmbedderOptions, lifetime: Lifetime) {
    this.isThere = embed !== undefined;
    this.minSimilarity = minSimilarity;
    this.#embed = embed;
    this.#lifetime = lifetime;
  }

  /** One vector of length 1 for each text, so that the product of two is their cosine; none without an embedder. */
  async vectors(texts: readonly string[], options?: CallOptions): Promise<readonly Float32Array[]> {
    if (this.#embed === undefined || texts.length === 0) return [];
    const vectors = await this.#embed(texts, { signal: options?.signal });
    this.#lifetime.assertOpen(options); // Much may have happened meanwhile.
    if (vectors.length !== texts.length) {
      throw new RuntimeError("internal", `The embedder gave ${vectors.length} vectors for ${texts.length} texts.`);
    }
    if (!vectors.every((vector) => vector.every(Number.isFinite))) {
      throw new RuntimeError("internal", "The embedder gave a vector with something in it that is no number.");
    }
    return vectors.map(ofLengthOne);
  }
}
