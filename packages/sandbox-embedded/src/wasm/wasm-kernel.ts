import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CellOutput } from "@agentscope-runtime/sandbox";
import type { CellEnd, CellKernel } from "@agentscope-runtime/sandbox/local";
import type { BoxEvent, BoxRequest } from "./box-messages.ts";

interface RunningCell {
  readonly onOutput: (output: CellOutput) => void;
  readonly end: (how: CellEnd) => void;
}

/** A Python in a box, seen from outside. */
export class WasmKernel implements CellKernel {
  readonly #id: number;
  readonly #send: (request: BoxRequest) => void;
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #gone = Promise.withResolvers<undefined>();
  #cell: RunningCell | undefined;
  #isDead = false;

  /** Begins it, with the first message. */
  constructor(request: Extract<BoxRequest, { type: "kernel" }>, send: (request: BoxRequest) => void) {
    this.#id = request.id;
    this.#send = send;
    this.#ready.promise.catch(() => undefined); // Told to whoever runs a cell.
    send(request);
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  async ready(): Promise<void> {
    await this.#ready.promise;
  }

  async run(code: string, onOutput: (output: CellOutput) => void): Promise<CellEnd> {
    if (this.#isDead) return "died";
    const { promise, resolve } = Promise.withResolvers<CellEnd>();
    this.#cell = { onOutput, end: resolve };
    this.#send({ type: "cell", id: this.#id, code });
    const how = await promise;
    this.#cell = undefined;
    return how;
  }

  interrupt(): void {
    if (this.#cell !== undefined) this.#send({ type: "interrupt", id: this.#id });
  }

  async kill(): Promise<void> {
    if (!this.#isDead) this.#send({ type: "stop", id: this.#id });
    await this.#gone.promise;
  }

  take(event: Extract<BoxEvent, { type: "kernel" | "output" | "end" }>): void {
    if (event.type === "output") this.#cell?.onOutput(event.output);
    else if (event.type === "end") this.#cell?.end(event.failed ? "failed" : "done");
    else if (event.state === "ready") this.#ready.resolve(undefined);
    else this.die();
  }

  /** It has ended, or its box has. */
  die(): void {
    this.#isDead = true;
    this.#ready.reject(new RuntimeError("unavailable", "Python did not start: it exited."));
    this.#cell?.end("died");
    this.#gone.resolve(undefined);
  }
}
