import type { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { ExecEvent } from "../exec.ts";

type Said = Exclude<ExecEvent, { type: "exit" }>;

/** A process waits when so much of what it said was not taken yet. */
const highWaterBytes = 256 * 1024;
/** What the kernel holds at most of what was said before the end is less. */
const lastWordsBytes = 4 * 1024 * 1024;

export interface ProcessOutputOptions {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly maxBytes: number;
  /** Called once, when it says more than it may; what is more is dropped. */
  readonly onFlood: () => void;
}

/** What a process says on both of its streams, as text, in the order in which it came, and no faster than it is taken. */
export class ProcessOutput {
  readonly #streams: readonly Readable[];
  readonly #options: ProcessOutputOptions;
  readonly #waiting: { readonly event: Said; readonly bytes: number }[] = [];
  #waitingBytes = 0;
  #takenBytes = 0;
  #lastWordsFrom: number | undefined;
  #open = 2;
  #wake: (() => void) | undefined;

  constructor(options: ProcessOutputOptions) {
    this.#options = options;
    this.#streams = [options.stdout, options.stderr];
    this.#listen("stdout", options.stdout);
    this.#listen("stderr", options.stderr);
  }

  /** The process has exited; what it said before can still be taken. */
  exited(): void {
    this.#lastWordsFrom ??= this.#takenBytes;
    this.#wake?.();
  }

  /** Undefined when all was taken that the process said before it exited. */
  async next(): Promise<Said | undefined> {
    for (;;) {
      const first = this.#waiting.shift();
      if (first !== undefined) {
        this.#waitingBytes -= first.bytes;
        if (this.#waitingBytes < highWaterBytes) this.#flow(true);
        return first.event;
      }
      if (this.#lastWordsFrom === undefined) await this.#more();
      else if (this.#open === 0 || !(await this.#lastWords(this.#lastWordsFrom))) return undefined;
    }
  }

  /** Lets go of the streams, which what was left in the background may hold open. */
  close(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#wake?.();
  }

  #listen(type: Said["type"], stream: Readable): void {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    stream.on("data", (chunk: Buffer) => {
      const rest = this.#options.maxBytes - this.#takenBytes;
      this.#takenBytes += chunk.length;
      this.#say(type, decoder.decode(chunk.subarray(0, Math.max(0, rest)), { stream: true }), chunk.length);
      if (chunk.length > rest) this.#options.onFlood();
    });
    stream.once("end", () => {
      // A character that was never finished.
      this.#say(type, decoder.decode(), 0);
    });
    stream.once("close", () => {
      this.#open -= 1;
      this.#wake?.();
    });
    stream.on("error", () => undefined); // It closes, too.
  }

  #say(type: Said["type"], text: string, bytes: number): void {
    if (text === "") return;
    this.#waiting.push({ event: { type, text }, bytes });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes >= highWaterBytes) this.#flow(false);
    this.#wake?.();
  }

  #flow(on: boolean): void {
    for (const stream of this.#streams)
      if (on) stream.resume();
      else stream.pause();
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#wake = () => {
      resolve(undefined);
    };
    await promise;
  }

  /**
   * Whether something more has come. What was said before the exit lies in the kernel, so that a look at the streams finds it; a
   * child in the background may talk on for ever.
   */
  async #lastWords(from: number): Promise<boolean> {
    if (this.#takenBytes - from > lastWordsBytes) return false;
    this.#flow(true);
    for (let looks = 0; looks < 3 && this.#waiting.length === 0 && this.#open > 0; looks += 1) await turn();
    return this.#waiting.length > 0 || this.#open === 0;
  }
}
