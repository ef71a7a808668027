import { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { endMessage } from "./box-upgrade.ts";

/** A connection to a port in the box, over an open WebSocket. */
export class BoxConnection extends Duplex {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on("message", (data: RawData, isBinary: boolean) => {
      const bytes = data as Buffer; // Of a socket whose `binaryType` is not changed.
      if (!isBinary) {
        if (bytes.toString() === endMessage) this.push(null);
      } else if (!this.push(bytes)) socket.pause();
    });
    socket.on("error", (error) => this.destroy(error));
    socket.once("close", () => {
      if (!this.readableEnded) this.push(null);
      this.destroy();
    });
    this.once("close", () => {
      socket.terminate();
    });
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(piece: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(piece, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.send(endMessage, done);
  }
}
