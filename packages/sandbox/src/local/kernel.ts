import { randomUUID } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { cellOutputSchema } from "../cell-output-schema.ts";
import type { CellOutput } from "../ipython.ts";
import type { CellEnd, CellKernel } from "./cell-kernel.ts";
import type { LocalPlace } from "./exec-locally.ts";
import { kernelDriver } from "./kernel-driver.ts";
import { markVariable } from "./kill-marked.ts";
import { killSpawned } from "./launcher.ts";
import type { SpawnedProcess } from "./launcher.ts";
import { linesOf } from "../lines-of.ts";

/** A longer line is an output larger than a cell may have. */
const maxLineBytes = 24 * 1024 * 1024;
const longestComplaint = 2_000;

const eventSchema = z.discriminatedUnion("type", [
  ...cellOutputSchema.options,
  z.object({ type: z.literal("end"), cell: z.number(), failed: z.boolean() }),
  z.object({ type: z.literal("ready") }),
]);

interface RunningCell {
  readonly number: number;
  readonly onOutput: (output: CellOutput) => void;
  readonly end: (how: CellEnd) => void;
}

/** One Python process with IPython in it. It runs one cell at a time. */
export class Kernel implements CellKernel {
  readonly #child: SpawnedProcess;
  readonly #stdin: Writable;
  readonly #mark: string;
  readonly #ready = Promise.withResolvers<undefined>();
  #cells = 0;
  #running: RunningCell | undefined;
  #dead = false;
  #killing: Promise<void> | undefined;

  /** Starts it; `ready` says when it runs. */
  constructor(place: LocalPlace, python: string) {
    this.#mark = `${place.mark}.${randomUUID()}`;
    const { child, stdin, stdout, stderr, started } = place.launch([python, "-c", kernelDriver], {
      cwd: place.workspacePath,
      env: {
        MPLBACKEND: "module://matplotlib_inline.backend_inline",
        // Its warnings would be a cell's.
        PYDEVD_DISABLE_FILE_VALIDATION: "1",
        ...place.environment,
        [markVariable]: this.#mark,
      },
      stdin: "pipe",
    });
    if (stdin === undefined) throw new TypeError("The spawn did not make a pipe for stdin.");
    this.#child = child;
    this.#stdin = stdin;
    stdin.on("error", () => undefined); // It died; its output tells.
    let complaint = "";
    stderr.on("data", (piece: Buffer) => (complaint = (complaint + piece.toString()).slice(-longestComplaint)));
    this.#ready.promise.catch(() => undefined); // Told to whoever runs a cell.
    started.catch((thrown: unknown) => {
      this.#ready.reject(noPython(python, thrown));
    });
    child.once("exit", () => {
      stdout.destroy(); // What it left in the background may hold it open.
    });
    void this.#listen(stdout).finally(() => {
      this.#dead = true;
      this.#ready.reject(startFailure(complaint));
      this.#running?.end("died");
      void this.kill();
    });
  }

  get isDead(): boolean {
    return this.#dead;
  }

  async ready(): Promise<void> {
    await this.#ready.promise;
  }

  async run(code: string, onOutput: (output: CellOutput) => void): Promise<CellEnd> {
    if (this.#dead) return "died";
    const { promise, resolve } = Promise.withResolvers<CellEnd>();
    this.#cells += 1;
    this.#running = { number: this.#cells, onOutput, end: resolve };
    this.#send({ cell: this.#cells, code });
    const how = await promise;
    this.#running = undefined;
    return how;
  }

  interrupt(): void {
    if (this.#running !== undefined) this.#send({ interrupt: this.#running.number });
  }

  async kill(): Promise<void> {
    this.#killing ??= killSpawned(this.#child, this.#mark);
    await this.#killing;
  }

  #send(request: object): void {
    this.#stdin.write(`${JSON.stringify(request)}\n`);
  }

  async #listen(stdout: Readable): Promise<void> {
    try {
      for await (const line of linesOf(stdout as AsyncIterable<Buffer>, maxLineBytes)) this.#take(line);
    } catch {
      // It spoke out of turn, or was cut off: the end of it in any case.
    }
  }

  #take(line: string): void {
    const event = eventSchema.parse(JSON.parse(line));
    if (event.type === "ready") this.#ready.resolve(undefined);
    else if (event.type !== "end") this.#running?.onOutput(event);
    else if (event.cell === this.#running?.number) this.#running.end(event.failed ? "failed" : "done");
  }
}

function noPython(python: string, cause: unknown): RuntimeError {
  if (!RuntimeError.is(cause) || cause.code !== "not_found") return RuntimeError.from(cause);
  return new RuntimeError("unavailable", `There is no ${python} in this sandbox: install Python and IPython.`, {
    cause,
  });
}

function startFailure(complaint: string): RuntimeError {
  const last = complaint.trim().split("\n").at(-1) ?? "";
  const remedy = /No module named/.test(last) ? " Install IPython." : "";
  return new RuntimeError("unavailable", `The Python kernel did not start: ${last || "it exited"}.${remedy}`);
}
