import { connect } from "node:net";
import type { Socket } from "node:net";
import { RunReader } from "./run-reader.ts";

export interface RunTiming {
  /** From the write of the request to the first byte of the first event. */
  readonly firstEventMs: number;
  readonly events: number;
}

interface CurrentRun {
  readonly reader: RunReader;
  readonly sentAt: number;
  readonly onEvents: ((count: number) => void) | undefined;
  readonly resolve: (timing: RunTiming) => void;
  readonly reject: (reason: unknown) => void;
  firstAt: number | undefined;
}

/** How many are opened at once: fewer than a server's queue of waiting connections holds. */
const atOnce = 100;

/** One keep-alive connection that runs one request after the other. */
export class Connection {
  readonly #socket: Socket;
  #current: CurrentRun | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      this.#read(bytes);
    });
    socket.on("error", (error) => {
      this.#fail(error);
    });
    socket.on("close", () => {
      this.#fail(new Error("The server closed a connection in the middle of a run."));
    });
  }

  static async open(url: URL): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(undefined);
    });
    await promise;
    return new Connection(socket);
  }

  /** Opens many, a batch at a time. Closes what it opened when one fails. */
  static async openMany(url: URL, count: number): Promise<Connection[]> {
    const connections: Connection[] = [];
    while (connections.length < count) {
      const batch = Array.from({ length: Math.min(atOnce, count - connections.length) }, () => Connection.open(url));
      const opened = await Promise.allSettled(batch);
      for (const result of opened) if (result.status === "fulfilled") connections.push(result.value);
      const failed = opened.find((result) => result.status === "rejected");
      if (failed === undefined) continue;
      for (const connection of connections) connection.close();
      throw failed.reason;
    }
    return connections;
  }

  /** Sends a request and resolves when all of its reply has come. `onEvents` is told of events as they come. */
  async run(request: Buffer, onEvents?: (count: number) => void): Promise<RunTiming> {
    const { promise, resolve, reject } = Promise.withResolvers<RunTiming>();
    const sentAt = performance.now();
    this.#current = { reader: new RunReader(), sentAt, onEvents, resolve, reject, firstAt: undefined };
    this.#socket.write(request);
    return promise;
  }

  /** Hangs up. A run under way stays unresolved. */
  close(): void {
    this.#current = undefined;
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    const run = this.#current;
    if (run === undefined) return;
    try {
      const begun = run.reader.push(bytes);
      if (begun > 0) {
        run.firstAt ??= performance.now();
        run.onEvents?.(begun);
      }
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    if (!run.reader.ended) return;
    this.#current = undefined;
    run.resolve({ firstEventMs: (run.firstAt ?? performance.now()) - run.sentAt, events: run.reader.events });
  }

  #fail(reason: unknown): void {
    this.#current?.reject(reason);
    this.#current = undefined;
  }
}
