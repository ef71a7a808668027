import { ByteFinder } from "./byte-finder.ts";

const accepted = "HTTP/1.1 200";

/**
 * Reads one streamed reply from a keep-alive connection: counts its events and sees its end. Parses nothing else, so
 * that it costs a fraction of what the server spends.
 */
export class RunReader {
  /** JSON has no raw line break, so this is always the beginning of an event. */
  readonly #beginnings = new ByteFinder("\ndata: ");
  /** The last chunk of the body is the empty one. */
  readonly #ends = new ByteFinder("\r\n0\r\n\r\n");
  #status = "";
  #events = 0;
  #ended = false;

  /** How many events have begun so far. */
  get events(): number {
    return this.#events;
  }

  /** True once the whole reply has been read. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes the next bytes and returns how many events began in them. Throws when the server refused. */
  push(bytes: Buffer): number {
    if (this.#status.length < accepted.length) {
      this.#status += bytes.toString("latin1");
      const status = this.#status.slice(0, accepted.length);
      if (!accepted.startsWith(status)) throw new Error(`The server answered: ${this.#status.slice(0, 500)}`);
    }
    const begun = this.#beginnings.push(bytes);
    this.#events += begun;
    this.#ended = this.#ends.push(bytes) > 0;
    return begun;
  }
}
