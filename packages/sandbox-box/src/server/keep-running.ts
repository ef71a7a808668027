import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export interface KeepRunningOptions {
  readonly command: readonly [program: string, ...programArguments: string[]];
  readonly environment: Readonly<Record<string, string>>;
  /** Resolves once it can be used; asked anew for each time that it begins. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
}

/** A program that begins again when it ends. */
export interface KeptProgram extends AsyncDisposable {
  /** Resolves when it can be used; rejects with what it said when it has begun too often in vain. */
  ready(): Promise<void>;
}

/** So often it may end before it could be used. */
const mostFailures = 5;
const readyMs = 20_000;
const pauseMs = 200;
/** How long it may take to end when it is asked to. */
const graceMs = 2_000;

/** Starts a program, and starts it again whenever it ends, until it is disposed. */
export function keepRunning(options: KeepRunningOptions): KeptProgram {
  return new Kept(options);
}

class Kept implements KeptProgram {
  readonly #options: KeepRunningOptions;
  readonly #over = new AbortController();
  readonly #running: Promise<void>;
  #ready = Promise.withResolvers<undefined>();
  #child: ChildProcess | undefined;

  constructor(options: KeepRunningOptions) {
    this.#options = options;
    this.#ready.promise.catch(() => undefined); // Told to whoever waits for it.
    this.#running = this.#run();
  }

  async ready(): Promise<void> {
    await this.#ready.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    this.#child?.kill("SIGTERM");
    const late = setTimeout(() => this.#child?.kill("SIGKILL"), graceMs);
    await this.#running;
    clearTimeout(late);
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#over.signal.aborted) {
      const { wasReady, said } = await this.#once();
      failures = wasReady ? 0 : failures + 1;
      if (failures === mostFailures) {
        const [program] = this.#options.command;
        this.#ready.reject(new Error(`${program} does not start: ${said === "" ? "it says nothing" : said}`));
        return;
      }
      if (wasReady) {
        this.#ready = Promise.withResolvers();
        this.#ready.promise.catch(() => undefined);
      }
      await sleep(pauseMs, undefined, { signal: this.#over.signal }).catch(() => undefined);
    }
    this.#ready.reject(new Error("It was ended."));
  }

  /** Until it ends. */
  async #once(): Promise<{ readonly wasReady: boolean; readonly said: string }> {
    const { command, environment, ready } = this.#options;
    const [program, ...programArguments] = command;
    const child = spawn(program, programArguments, { env: environment, stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    let said = "";
    child.stderr.on("data", (piece: Buffer) => (said = (said + piece.toString()).slice(-2000)));
    const ended = new AbortController();
    // Not its pipes: what it has started may keep those open.
    const exit = once(child, "exit").then(
      () => undefined,
      (thrown: unknown) => (said = String(thrown)), // There is no such program.
    );
    void exit.then(() => {
      ended.abort();
    });
    let wasReady = false;
    try {
      await ready(AbortSignal.any([ended.signal, this.#over.signal, AbortSignal.timeout(readyMs)]));
      wasReady = true;
      this.#ready.resolve(undefined);
    } catch {
      child.kill("SIGKILL");
    }
    await exit;
    return { wasReady, said: said.trim() };
  }
}
