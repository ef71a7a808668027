import type { Socket, SocketMessage } from "@agentscope-runtime/core";
import type { RawData, WebSocket } from "ws";

/** So much is taken from the network while nobody reads. */
const maxWaitingMessages = 16;
const maxWaitingBytes = 64 * 1024;
/** A sender waits while so much is on its way to a slow reader. */
const highWaterBytes = 256 * 1024;
/** How long the other side may take to say goodbye. */
const goodbyeMs = 2_000;

type Next = IteratorResult<SocketMessage, undefined>;

const over: Next = { done: true, value: undefined };

/** A socket of `ws`. The other side is asked every `keepAliveMs` whether it is there; without an answer by the next time it has gone. */
export class WsSocket implements Socket {
  readonly messages: AsyncIterable<SocketMessage> = {
    [Symbol.asyncIterator]: () => ({ next: async () => this.#next() }),
  };
  readonly #socket: WebSocket;
  readonly #over = new AbortController();
  readonly #waiting: SocketMessage[] = [];
  #waitingBytes = 0;
  #isClosing = false;
  #wake: (() => void) | undefined;

  constructor(socket: WebSocket, keepAliveMs: number) {
    this.#socket = socket;
    let isThere = true;
    const asking = setInterval(() => {
      // The answer of one whose messages nobody takes cannot be seen.
      if (!isThere && !socket.isPaused) socket.terminate();
      isThere = false;
      socket.ping();
    }, keepAliveMs);
    asking.unref();
    socket.on("pong", () => (isThere = true));
    socket.on("message", (data, isBinary) => {
      isThere = true;
      this.#take(data, isBinary);
    });
    // What is wrong with it closes it, too.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      clearInterval(asking);
      this.#isClosing = true;
      this.#over.abort();
      this.#wake?.();
    });
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  async send(message: SocketMessage): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const { promise: sent, resolve } = Promise.withResolvers<undefined>();
    // An error is one of the connection, which is over then.
    this.#socket.send(message, () => {
      resolve(undefined);
    });
    if (this.#socket.bufferedAmount > highWaterBytes) await sent;
  }

  close(code = 1000, reason = ""): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#wake?.();
    this.#socket.close(code, reason);
    this.#socket.resume(); // Its goodbye has to be seen.
    const impatience = setTimeout(() => {
      this.#socket.terminate();
    }, goodbyeMs);
    impatience.unref();
    this.#socket.once("close", () => {
      clearTimeout(impatience);
    });
  }

  #take(data: RawData, isBinary: boolean): void {
    if (this.#isClosing) return;
    const bytes = data as Buffer; // Of a socket whose `binaryType` is not changed.
    this.#waiting.push(isBinary ? bytes : bytes.toString());
    this.#waitingBytes += bytes.length;
    if (this.#waiting.length >= maxWaitingMessages || this.#waitingBytes >= maxWaitingBytes) this.#socket.pause();
    this.#wake?.();
  }

  async #next(): Promise<Next> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        if (this.#waiting.length === 0) {
          this.#waitingBytes = 0;
          this.#socket.resume();
        }
        return { done: false, value: message };
      }
      if (this.#isClosing) return over;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = () => {
        resolve(undefined);
      };
      await promise;
    }
  }
}
