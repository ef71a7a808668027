import type { Socket, SocketMessage } from "./socket.ts";

/** A socket as its route sees it: it ends when nothing is said for too long, and its messages end when the app drains. */
export class TalkingSocket implements Socket {
  readonly #socket: Socket;
  readonly #idle: NodeJS.Timeout;
  #isEnding = false;
  #endMessages: (() => void) | undefined;

  constructor(socket: Socket, idleMs: number) {
    this.#socket = socket;
    this.#idle = setTimeout(() => {
      socket.close(1001, `Nothing was said for ${idleMs} ms.`);
    }, idleMs);
    this.#idle.unref();
  }

  get signal(): AbortSignal {
    return this.#socket.signal;
  }

  get messages(): AsyncIterable<SocketMessage> {
    return this.#read();
  }

  async send(message: SocketMessage): Promise<void> {
    this.#idle.refresh();
    await this.#socket.send(message);
  }

  close(code?: number, reason?: string): void {
    clearTimeout(this.#idle);
    this.#socket.close(code, reason);
  }

  /** The route reads no more messages, and may still send. */
  endMessages(): void {
    this.#isEnding = true;
    this.#endMessages?.();
  }

  async *#read(): AsyncGenerator<SocketMessage, void, undefined> {
    const messages = this.#socket.messages[Symbol.asyncIterator]();
    while (!this.#isEnding) {
      // A promise for each message: one for all of them would remember every race.
      const ending = Promise.withResolvers<undefined>();
      this.#endMessages = () => {
        ending.resolve(undefined);
      };
      const next = await Promise.race([messages.next(), ending.promise]);
      if (next === undefined || next.done === true) return;
      this.#idle.refresh();
      yield next.value;
    }
  }
}
