/** Where a text is, until it is freed. */
export interface PlacedText {
  readonly chunk: Chunk;
  readonly start: number;
  readonly end: number;
}

interface Chunk {
  readonly bytes: Buffer;
  /** What lies behind is free. */
  end: number;
  /** How many texts are in it. */
  texts: number;
}

/** Small enough that one text which stays for long keeps little else from being used again. */
const chunkBytes = 32 * 1024;
/** Chunks without a text that are kept for the next ones: 8 MiB. */
const mostSpare = 256;
/** No character takes more in UTF-8. */
const mostBytesPerCharacter = 3;

/**
 * Texts as bytes outside of the heap, in chunks that are used again once all of their texts are freed. Buffers that come and go by the
 * thousand would do the same but for the garbage collector, which V8 starts for every few megabytes of them.
 */
export class TextArena {
  readonly #spare: Chunk[] = [];
  #current = newChunk(chunkBytes);

  place(text: string): PlacedText {
    const chunk = this.#chunkFor(text);
    const start = chunk.end;
    chunk.end += chunk.bytes.write(text, start);
    chunk.texts += 1;
    return { chunk, start, end: chunk.end };
  }

  /** Once for each text. What is read of it afterwards is something else. */
  free({ chunk }: PlacedText): void {
    chunk.texts -= 1;
    if (chunk.texts > 0) return;
    chunk.end = 0;
    const isSpare = chunk !== this.#current && chunk.bytes.length === chunkBytes;
    if (isSpare && this.#spare.length < mostSpare) this.#spare.push(chunk);
  }

  #chunkFor(text: string): Chunk {
    if (this.#current.end + text.length * mostBytesPerCharacter <= chunkBytes) return this.#current;
    const length = Buffer.byteLength(text);
    if (this.#current.end + length <= chunkBytes) return this.#current;
    // A long one is by itself.
    if (length > chunkBytes / 2) return newChunk(length);
    this.#current = this.#spare.pop() ?? newChunk(chunkBytes);
    return this.#current;
  }
}

export function textAt({ chunk, start, end }: PlacedText): string {
  return chunk.bytes.toString("utf8", start, end);
}

function newChunk(length: number): Chunk {
  return { bytes: Buffer.allocUnsafeSlow(length), end: 0, texts: 0 };
}
