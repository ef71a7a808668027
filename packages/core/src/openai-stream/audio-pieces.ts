import type { ContentInput } from "@agentscope-runtime/protocol";

/** The only format in which models stream audio. */
const format = "pcm16";

/** Audio that comes in pieces, each with base64 of its own. */
export class AudioPieces {
  readonly #pieces: Buffer[] = [];

  add(base64: string): void {
    this.#pieces.push(Buffer.from(base64, "base64"));
  }

  /** All of it, once. */
  *take(): Generator<ContentInput> {
    if (this.#pieces.length === 0) return;
    yield { type: "audio", data: Buffer.concat(this.#pieces.splice(0)).toString("base64"), format };
  }
}
