import type { Readable, Writable } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { SandboxEnd } from "@agentscope-runtime/sandbox";
import { linesOf } from "@agentscope-runtime/sandbox/local";
import type {
  CellKernel,
  InterpretedCommand,
  InterpretedResult,
  Interpreter,
  SpawnedProcess,
} from "@agentscope-runtime/sandbox/local";
import { boxEventSchema } from "./box-messages.ts";
import type { BoxEvent, BoxRequest, ShellResult } from "./box-messages.ts";
import { WasmKernel } from "./wasm-kernel.ts";

/** What a command may print at most, stdout and stderr together. */
export const maxOutputBytes = 32 * 1024 * 1024;
/** A longer line is none of the box's. */
const maxLineBytes = 96 * 1024 * 1024;
const longestComplaint = 2000;
const killedCode = 137;

/** The process of a box, seen from outside. What it says is not trusted: it may be in the hands of what runs there. */
export class WasmBoxClient implements Interpreter {
  readonly #child: SpawnedProcess;
  readonly #stdin: Writable;
  readonly #results = new Map<number, (result: ShellResult) => void>();
  readonly #kernels = new Map<number, WasmKernel>();
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #ended = Promise.withResolvers<SandboxEnd>();
  #complaint = "";
  #last = 0;
  #isOver = false;

  /** @param child - with pipes for stdin, stdout and stderr */
  constructor(child: SpawnedProcess) {
    const { stdin, stdout, stderr } = child;
    if (!stdin || !stdout || !stderr) throw new TypeError("A pipe is missing.");
    this.#child = child;
    this.#stdin = stdin;
    stdin.on("error", () => undefined); // The end tells.
    this.#ready.promise.catch(() => undefined); // Told by opened.
    stderr.on("data", (piece: Buffer) => {
      this.#complaint = (this.#complaint + piece.toString()).slice(-longestComplaint);
    });
    child.once("error", (thrown) => {
      this.#complaint += thrown.message;
      this.#over({ reason: "exited", message: thrown.message });
    });
    child.once("exit", (exitCode, signal) => {
      if (child.stopped === "out_of_memory") {
        this.#over({ reason: "out_of_memory", message: "It used up its memory." });
      } else {
        const isKilled = signal !== null || (exitCode ?? 0) > 128;
        const how = isKilled ? `was killed (${signal ?? `exit code ${exitCode}`})` : `exited with code ${exitCode}`;
        const message = [`Its process ${how}.`, this.#complaint.trim()].join(" ").trim();
        this.#over({ reason: isKilled ? "killed" : "exited", message });
      }
    });
    void this.#listen(stdout);
  }

  /** Resolves when it can run commands; `unavailable` when it does not start. */
  async opened(): Promise<void> {
    await this.#ready.promise;
  }

  /** Resolves when its process is gone. */
  get ended(): Promise<SandboxEnd> {
    return this.#ended.promise;
  }

  async run(command: InterpretedCommand, signal: AbortSignal): Promise<InterpretedResult> {
    if (this.#isOver || signal.aborted) return killed;
    const id = this.#next();
    const { promise, resolve } = Promise.withResolvers<ShellResult>();
    this.#results.set(id, resolve);
    const onAbort = (): void => {
      this.#send({ type: "kill", id });
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const stdin = Buffer.from(command.stdin).toString("base64");
    this.#send({ ...command, type: "exec", id, stdin });
    try {
      return toResult(await promise, command);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  startKernel(env: Readonly<Record<string, string>>): CellKernel {
    const id = this.#next();
    const kernel = new WasmKernel({ type: "kernel", id, env }, (request) => {
      this.#send(request);
    });
    if (this.#isOver) kernel.die();
    else this.#kernels.set(id, kernel);
    return kernel;
  }

  #next(): number {
    this.#last += 1;
    return this.#last;
  }

  #send(request: BoxRequest): void {
    if (!this.#isOver) this.#stdin.write(`${JSON.stringify(request)}\n`);
  }

  async #listen(stdout: Readable): Promise<void> {
    try {
      for await (const line of linesOf(stdout as AsyncIterable<Buffer>, maxLineBytes)) {
        this.#take(boxEventSchema.parse(JSON.parse(line)));
      }
    } catch {
      // It spoke out of turn, or was cut off: the end of it in any case.
    }
    this.#stdin.end();
    await this.#child.stop?.();
    if (this.#child.pid !== undefined) killIfThere(this.#child.pid);
  }

  #take(event: BoxEvent): void {
    if (event.type === "ready") this.#ready.resolve(undefined);
    else if (event.type === "result") {
      this.#results.get(event.id)?.(event.result);
      this.#results.delete(event.id);
    } else {
      this.#kernels.get(event.id)?.take(event);
      if (event.type === "kernel" && event.state === "dead") this.#kernels.delete(event.id);
    }
  }

  #over(end: SandboxEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ready.reject(new RuntimeError("unavailable", `The WASM sandbox did not start: ${end.message}`));
    for (const resolve of this.#results.values()) resolve({ how: "killed" });
    for (const kernel of this.#kernels.values()) kernel.die();
    this.#results.clear();
    this.#kernels.clear();
    this.#ended.resolve(end);
  }
}

const killed: InterpretedResult = { stdout: "", stderr: "", exitCode: killedCode };

function toResult(result: ShellResult, { command, cwd }: InterpretedCommand): InterpretedResult {
  switch (result.how) {
    case "exited": {
      const { exitCode, isFlood } = result;
      const stdout = Buffer.from(result.stdout, "base64").toString();
      const stderr = Buffer.from(result.stderr, "base64").toString();
      return isFlood ? { stdout, stderr, exitCode: killedCode, stopped: "output_limit" } : { stdout, stderr, exitCode };
    }
    case "killed":
      return killed;
    case "out_of_memory":
      return { ...killed, stopped: "out_of_memory" };
    case "failed":
      return { stdout: "", stderr: `${result.message}\n`, exitCode: 1 };
    case "refused": {
      const program = typeof command === "string" ? "/bin/sh" : command[0];
      const message =
        result.what === "directory"
          ? `There is no directory ${cwd}.`
          : `There is no program ${program}: this shell has only those of its own.`;
      throw new RuntimeError("not_found", message);
    }
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}
