import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Logger } from "../logger.ts";
import { splitLines } from "./split-lines.ts";
import type { FromProcessOptions, ProcessCommand } from "./from-process.ts";

/** How a process ended. */
export type ProcessEnd =
  | { readonly exitCode: number | null; readonly killedBy: NodeJS.Signals | null }
  /** It never ran. */
  | { readonly failed: Error };

/** What a process says on its standard error is cut into lines of at the most this. */
const maxLogLine = 8 * 1024;
/** How long a descendant that has left the group may hold the pipes when the process is gone. */
const pipesMs = 1_000;

/** One process with all that it starts in the same group: written to once, read to its end, and stopped as a whole. */
export class AgentProcess {
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #isOver = false;

  constructor([program, ...programArguments]: ProcessCommand, { cwd, env }: FromProcessOptions, logger: Logger) {
    this.#child = spawn(program, programArguments, {
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env: { ...env } }),
      stdio: ["pipe", "pipe", "pipe"],
      // A group of its own, so that all of it can be stopped at once.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.ended = new Promise((resolve) => {
      this.#child.on("error", (failed) => {
        this.#over();
        resolve({ failed });
      });
      this.#child.once("exit", (exitCode, killedBy) => {
        this.#over();
        resolve({ exitCode, killedBy });
      });
    });
    // A process need not read what it is sent.
    this.#child.stdin.on("error", () => undefined);
    void logLines(this.#child.stderr, logger);
  }

  /** Bytes, until the process and all that hold its standard output are gone. */
  get stdout(): AsyncIterable<Uint8Array> {
    return this.#child.stdout as AsyncIterable<Uint8Array>; // No encoding is set.
  }

  send(text: string): void {
    this.#child.stdin.end(text);
  }

  /** Asks the group to end, and after a while makes it. Resolves when the process is gone. */
  async stop(graceMs: number): Promise<void> {
    if (!this.#isOver) this.#signal("SIGTERM");
    const timer = setTimeout(() => {
      this.#signal("SIGKILL");
    }, graceMs);
    await this.ended;
    clearTimeout(timer);
    this.#child.stdout.destroy();
  }

  /** What the process has left behind goes with it. */
  #over(): void {
    this.#isOver = true;
    this.#signal("SIGKILL");
    const timer = setTimeout(() => {
      this.#child.stdout.destroy();
      this.#child.stderr.destroy();
    }, pipesMs);
    this.#child.once("close", () => {
      clearTimeout(timer);
    });
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      if (process.platform === "win32") this.#child.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // Nobody is left.
    }
  }
}

async function logLines(stderr: Readable, logger: Logger): Promise<void> {
  try {
    for await (const chunk of splitLines(shortened(stderr), maxLogLine)) {
      const line = chunk.toString("utf8").trimEnd();
      if (line !== "") logger.info({ line }, "The agent's process wrote to its standard error.");
    }
  } catch {
    // The pipe was closed with the process.
  }
}

/** Breaks lines that are too long, so that none is lost and none is kept. */
async function* shortened(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(10, start);
      const stop = Math.min(end === -1 ? chunk.length : end + 1, start + maxLogLine - length);
      yield chunk.subarray(start, stop);
      length = chunk[stop - 1] === 10 ? 0 : length + stop - start;
      start = stop;
      if (length < maxLogLine) continue;
      yield Buffer.from("\n");
      length = 0;
    }
  }
}
