import type { ServerResponse } from "node:http";
import type { Takeable, Taker } from "@agentscope-runtime/core";
import type { OpenAnswers, OpenStream } from "./open-answers.ts";

/**
 * Streams frames as they come. Node holds what is written until the end of the tick, and sends it in one piece. A reader who
 * does not keep up is waited for; one who has gone ends the loop, and with it the source. What the source throws breaks the
 * connection, so that nobody takes half an answer for a whole one.
 */
export function sendEvents(
  frames: AsyncIterable<string> | Takeable<string>,
  response: ServerResponse,
  answers: OpenAnswers,
): void {
  const source = "take" in frames ? frames : takeable(frames[Symbol.asyncIterator]());
  const stream = new EventStream(source, response);
  answers.beginStream(stream);
  response.on("close", () => {
    answers.endStream(stream);
    stream.leave();
  });
  stream.take();
}

/** What is used of a source of frames. */
interface Source {
  take(taker: Taker<string>): void;
  return(): Promise<unknown>;
}

const keepAlive = ": keep-alive\n\n";

class EventStream implements OpenStream, Taker<string> {
  readonly #source: Source;
  readonly #response: ServerResponse;
  #headLeft = false;
  #silent = true;
  #over = false;

  constructor(source: Source, response: ServerResponse) {
    this.#source = source;
    this.#response = response;
  }

  get isOver(): boolean {
    return this.#over;
  }

  take(): void {
    this.#source.take(this);
  }

  onItem(frames: string): void {
    if (this.#response.destroyed) return;
    this.#headLeft = true;
    this.#silent = false;
    if (this.#response.write(frames)) this.take();
    else {
      this.#response.once("drain", () => {
        this.take();
      });
    }
  }

  onEnd(): void {
    this.#headLeft = true;
    this.#over = true;
    this.#response.end();
  }

  onFailure(): void {
    this.#over = true;
    this.#response.destroy();
  }

  sendHead(): void {
    if (!this.#headLeft) this.#response.flushHeaders();
  }

  keepAlive(): void {
    if (this.#silent && !this.#response.writableNeedDrain) this.#response.write(keepAlive);
    this.#silent = true;
  }

  /** The reader has gone, or has got everything. */
  leave(): void {
    // What the source throws while it is left has nobody to hear it.
    if (!this.#over) this.#source.return().catch(() => undefined);
    this.#over = true;
  }
}

function takeable(loop: AsyncIterator<string, unknown>): Source {
  return {
    take(taker) {
      loop.next().then(
        (result) => {
          if (result.done === true) taker.onEnd();
          else taker.onItem(result.value);
        },
        (thrown: unknown) => {
          taker.onFailure(thrown);
        },
      );
    },
    async return() {
      await loop.return?.();
    },
  };
}
