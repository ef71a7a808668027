import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { BoxEvent } from "./box-messages.ts";
import type { PythonSetup } from "./python-worker.ts";

/** What is told of a Python, without its number. */
export type PythonEvent = Distribute<Extract<BoxEvent, { type: "kernel" | "output" | "end" }>>;
type Distribute<T> = T extends unknown ? Omit<T, "id"> : never;

/** A Python in a thread of its own, which may do what it likes with it. */
export class Python {
  readonly #thread: Worker;
  readonly #port: MessagePort;
  readonly #shared = new SharedArrayBuffer(8);

  /** @param program - what the thread runs */
  constructor(
    program: URL,
    setup: Pick<PythonSetup, "mounts" | "memoryBytes" | "env">,
    tell: (event: PythonEvent) => void,
  ) {
    const { port1, port2 } = new MessageChannel();
    const workerData: PythonSetup = { kind: "python", ...setup, port: port2, shared: this.#shared };
    this.#port = port1;
    this.#thread = new Worker(program, { workerData, transferList: [port2], stdout: true, stderr: true });
    port1.on("message", (text: string) => {
      const event = JSON.parse(text) as Record<string, unknown>; // The driver's own, and checked outside.
      if (event["type"] === "ready") tell({ type: "kernel", state: "ready" });
      else if (event["type"] === "flooded") void this.stop();
      else if (event["type"] === "end") tell({ type: "end", failed: event["failed"] === true });
      else tell({ type: "output", output: event as never });
    });
    this.#thread.once("error", () => undefined); // It exits, too.
    // The other end goes with its thread, and what was said before comes first.
    port1.once("close", () => {
      tell({ type: "kernel", state: "dead" });
    });
  }

  run(code: string): void {
    new Uint8Array(this.#shared)[4] = 0;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- It is no window.
    this.#port.postMessage(JSON.stringify({ code }));
    const waiting = new Int32Array(this.#shared);
    Atomics.add(waiting, 0, 1);
    Atomics.notify(waiting, 0);
  }

  /** Asks the cell to stop, as Ctrl+C does. */
  interrupt(): void {
    new Uint8Array(this.#shared)[4] = 2;
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
  }
}
