/** Counts a short text in a stream of bytes, however the network cut it. The text must not overlap with itself. */
export class ByteFinder {
  readonly #needle: Buffer;
  /** The last bytes seen, one fewer than the text has. */
  #carry: Buffer = Buffer.alloc(0);

  constructor(needle: string) {
    this.#needle = Buffer.from(needle);
  }

  /** How many times the text has ended in these bytes. */
  push(bytes: Buffer): number {
    const reach = this.#needle.length - 1;
    const seam = Buffer.concat([this.#carry, bytes.subarray(0, reach)]);
    const found = this.#count(seam) + this.#count(bytes);
    this.#carry = bytes.length >= reach ? bytes.subarray(bytes.length - reach) : seam.subarray(-reach);
    return found;
  }

  #count(bytes: Buffer): number {
    let found = 0;
    let at = bytes.indexOf(this.#needle);
    while (at !== -1) {
      found += 1;
      at = bytes.indexOf(this.#needle, at + this.#needle.length);
    }
    return found;
  }
}
