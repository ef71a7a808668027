import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { on, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface ChildOptions {
  /** Of Node, before the file. Default none. */
  readonly nodeArguments?: readonly string[];
  /** Added to this process's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** How long a child may take to end by itself; then it is killed. */
const endMs = 5_000;

/** How much of what a child prints is kept, in characters. */
const outputLength = 10_000;

/** A Node process of ours, run by the same Node, with a channel for messages. It ends with this process, at the latest. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #messages: AsyncIterator<unknown[]>;
  readonly #signal: AbortSignal;
  readonly #exited: Promise<void>;
  #output = "";

  constructor(file: URL, { nodeArguments = [], environment = {}, signal }: ChildOptions) {
    signal.throwIfAborted();
    this.#signal = signal;
    this.#process = fork(fileURLToPath(file), {
      execArgv: ["--conditions=@agentscope-runtime/source", ...nodeArguments],
      env: { ...process.env, NODE_OPTIONS: "", ...environment },
      silent: true,
    });
    this.#messages = on(this.#process, "message", { close: ["exit"], signal });
    const ends = [once(this.#process, "exit")];
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream === null) continue;
      ends.push(once(stream, "close"));
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        this.#output = `${this.#output}${String(text)}`.slice(-outputLength);
      });
    }
    // Not the event «close»: it never comes for a process whose channel was closed from here.
    this.#exited = Promise.all(ends).then(() => undefined);
    this.#exited.catch(() => undefined); // A process that did not start says so to whoever waits for it.
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  send(message: object): void {
    // What cannot be sent any more is noticed by who waits for the answer.
    this.#process.send(message, () => undefined);
  }

  /** The next message from it. Rejects when it has ended, or says nothing for so long. */
  async receive(limitMs: number): Promise<unknown> {
    const next = async (): Promise<unknown> => {
      const result = await this.#messages.next();
      if (result.done === true) throw this.#failure("ended");
      return result.value[0];
    };
    return this.#within(next(), limitMs);
  }

  /** What the pattern's first group matches in what it prints. Rejects as `receive` does. */
  async printed(pattern: RegExp, limitMs: number): Promise<string> {
    const search = async (): Promise<string> => {
      const ended = this.#exited.then(() => "ended");
      for (;;) {
        const found = pattern.exec(this.#output)?.[1];
        if (found !== undefined) return found;
        const { stdout } = this.#process;
        const more = stdout === null ? ended : once(stdout, "data", { signal: this.#signal });
        if ((await Promise.race([more, ended])) === "ended") throw this.#failure("ended");
      }
    };
    return this.#within(search(), limitMs);
  }

  /** Hangs up, which asks it to end, and kills it when it does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), endMs);
    await this.#exited.catch(() => undefined);
    clearTimeout(timer);
  }

  async #within<T>(work: Promise<T>, limitMs: number): Promise<T> {
    const done = new AbortController();
    const late = sleep(limitMs, undefined, { signal: done.signal }).then(() => {
      throw this.#failure(`was silent for ${limitMs} ms`);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      done.abort();
      late.catch(() => undefined);
    }
  }

  #failure(what: string): Error {
    return new Error(
      `${this.#process.spawnfile} ${this.#process.spawnargs.slice(1).join(" ")} ${what}.\n${this.#output}`,
    );
  }
}
