/** Where a text is, until it is freed. */
export interface PlacedText {
  readonly chunk: Chunk;
  readonly start: number;
  end: number;
  /** It may grow up to here. */
  readonly limit: number;
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

/**
 * Texts as bytes outside of the heap, in chunks that are used again once all of their texts are freed. Buffers that come and go by the
 * thousand would do the same but for the garbage collector, which V8 starts for every few megabytes of them. It does not for memory
 * that could be shared with other threads; this is not.
 */
export class TextArena {
  readonly #spare: Chunk[] = [];
  #current = newChunk();

  /** `room`: so many bytes at least, in which it may grow. */
  place(text: string, room = 0): PlacedText {
    const length = Buffer.byteLength(text);
    const chunk = this.#chunkFor(Math.max(length, room));
    const start = chunk.end;
    chunk.bytes.write(text, start);
    chunk.end += Math.max(length, room);
    chunk.texts += 1;
    return { chunk, start, end: start + length, limit: chunk.end };
  }

  /** Puts more behind a text. False when there is no room: then it is as it was. */
  grow(placed: PlacedText, more: string): boolean {
    if (placed.end + more.length > placed.limit) return false; // No character takes less than a byte.
    if (placed.end + Buffer.byteLength(more) > placed.limit) return false;
    placed.end += placed.chunk.bytes.write(more, placed.end);
    return true;
  }

  /** Once for each text. What is read of it afterwards is something else. */
  free({ chunk }: PlacedText): void {
    chunk.texts -= 1;
    if (chunk.texts > 0) return;
    chunk.end = 0;
    const isSpare = chunk !== this.#current && chunk.bytes.length === chunkBytes;
    if (isSpare && this.#spare.length < mostSpare) this.#spare.push(chunk);
  }

  #chunkFor(length: number): Chunk {
    if (this.#current.end + length <= chunkBytes) return this.#current;
    // A long one is by itself, and garbage like any other when it is freed.
    if (length > chunkBytes / 2) return toChunk(Buffer.allocUnsafeSlow(length));
    this.#current = this.#spare.pop() ?? newChunk();
    return this.#current;
  }
}

export function textAt({ chunk, start, end }: PlacedText): string {
  return chunk.bytes.toString("utf8", start, end);
}

function toChunk(bytes: Buffer): Chunk {
  return { bytes, end: 0, texts: 0 };
}

function newChunk(): Chunk {
  return toChunk(Buffer.from(new SharedArrayBuffer(chunkBytes)));
}
