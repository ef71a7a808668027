import { Worker } from "node:worker_threads";
import type { ShellCommand, ShellResult } from "./box-messages.ts";
import type { ShellSetup } from "./shell-worker.ts";

/** How many commands run at the same time; others wait for one of them. */
const mostRunning = 8;
/** How many shells wait for a command, once there are as many. */
const mostIdle = 2;

interface Task {
  readonly id: number;
  readonly command: ShellCommand;
  readonly done: (result: ShellResult) => void;
}

/** A thread, and what it runs now. */
interface Shell {
  readonly worker: Worker;
  task: Task | undefined;
  isReady: boolean;
}

/** Shells in threads: a command may do what it likes with its own, also never return, and is ended with it. */
export class Shells {
  readonly #program: URL;
  readonly #setup: ShellSetup;
  readonly #memoryBytes: number;
  readonly #shells = new Set<Shell>();
  readonly #waiting: Task[] = [];
  readonly #opened = Promise.withResolvers<undefined>();

  /** @param program - what a thread runs */
  constructor(program: URL, setup: ShellSetup, memoryBytes: number) {
    this.#program = program;
    this.#setup = setup;
    this.#memoryBytes = memoryBytes;
    this.#opened.promise.catch(() => undefined); // Told by opened.
    this.#start();
  }

  /** Resolves when the first can run a command, and rejects when it cannot begin. */
  async opened(): Promise<void> {
    await this.#opened.promise;
  }

  run(id: number, command: ShellCommand, done: (result: ShellResult) => void): void {
    this.#waiting.push({ id, command, done });
    this.#assign();
  }

  /** Resolves to nothing for a command that has ended. */
  kill(id: number): void {
    const waiting = this.#waiting.findIndex((task) => task.id === id);
    if (waiting >= 0) this.#waiting.splice(waiting, 1)[0]?.done({ how: "killed" });
    for (const shell of this.#shells) if (shell.task?.id === id) this.#end(shell, { how: "killed" });
  }

  #assign(): void {
    for (const shell of this.#shells) {
      if (!shell.isReady || shell.task !== undefined) continue;
      const task = this.#waiting.shift();
      if (task === undefined) break;
      shell.task = task;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- It is no window.
      shell.worker.postMessage(task.command);
    }
    const starting = [...this.#shells].filter(({ isReady }) => !isReady).length;
    // One more than is needed, for the next command.
    const busy = [...this.#shells].filter(({ task }) => task !== undefined).length;
    const wanted = Math.min(mostRunning, busy + this.#waiting.length + 1) - busy - starting - this.#idle();
    for (let count = 0; count < wanted; count += 1) this.#start();
  }

  #idle(): number {
    return [...this.#shells].filter(({ isReady, task }) => isReady && task === undefined).length;
  }

  #start(): void {
    const worker = new Worker(this.#program, {
      workerData: this.#setup,
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(this.#memoryBytes / 1024 / 1024) },
      stdout: true,
      stderr: true,
    });
    const shell: Shell = { worker, task: undefined, isReady: false };
    this.#shells.add(shell);
    worker.on("message", (message: ShellResult | "ready") => {
      if (message === "ready") {
        shell.isReady = true;
        this.#opened.resolve(undefined);
      } else this.#finish(shell, message);
      if (this.#idle() > mostIdle) this.#end(shell, { how: "killed" });
      else this.#assign();
    });
    worker.once("error", (thrown: Error & { readonly code?: string }) => {
      const ranOut = thrown.code === "ERR_WORKER_OUT_OF_MEMORY";
      this.#end(shell, ranOut ? { how: "out_of_memory" } : { how: "failed", message: thrown.message });
    });
    worker.once("exit", () => {
      this.#end(shell, { how: "failed", message: "The shell has ended." });
    });
  }

  #finish(shell: Shell, result: ShellResult): void {
    const { task } = shell;
    shell.task = undefined;
    task?.done(result);
  }

  #end(shell: Shell, result: ShellResult): void {
    if (!this.#shells.delete(shell)) return;
    void shell.worker.terminate().then(() => {
      this.#finish(shell, result);
      if (shell.isReady) {
        this.#assign();
        return;
      }
      // One that could not begin is not replaced, or this would go on for ever: whoever waits hears of it.
      this.#opened.reject(new Error(result.how === "failed" ? result.message : result.how));
      this.#waiting.shift()?.done(result);
    });
  }
}
