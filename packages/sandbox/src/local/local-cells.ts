import type { CallOptions } from "@agentscope-runtime/services";
import type { CellOptions, CellResult, CellStop } from "../ipython.ts";
import { CellOutputs } from "../cell-outputs.ts";
import type { CellKernel } from "./cell-kernel.ts";
import type { LocalLifetime } from "./local-lifetime.ts";
import { parseAmount } from "./parse-exec-options.ts";

const defaultTimeoutMs = 60_000;
/** Longer ones overflow the timers of JavaScript. */
const longestMs = 2 ** 31 - 1;
/** How long a kernel may take to start. */
const startMs = 30_000;
/** How long a cell may go on after it was interrupted. */
const interruptGraceMs = 2_000;

/** Cells that wait for each other, in a kernel that begins with the first. */
export class LocalCells {
  readonly #lifetime: LocalLifetime;
  readonly #start: () => CellKernel;
  #kernel: CellKernel | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param start - begins with a new kernel */
  constructor(lifetime: LocalLifetime, start: () => CellKernel) {
    this.#lifetime = lifetime;
    this.#start = start;
  }

  async run(code: string, options: CellOptions = {}): Promise<CellResult> {
    this.#lifetime.assertOpen(options);
    parseAmount("timeoutMs", options.timeoutMs ?? defaultTimeoutMs, longestMs);
    const before = this.#last;
    const done = Promise.withResolvers<undefined>();
    this.#last = done.promise;
    try {
      await this.#unlessStopped(before, options.signal);
      return await this.#runNow(code, options);
    } finally {
      void before.then(() => {
        done.resolve(undefined);
      });
    }
  }

  async restart(options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    await this.kill();
  }

  /** Ends the kernel, and the cell that runs with it. */
  async kill(): Promise<void> {
    const kernel = this.#kernel;
    this.#kernel = undefined;
    await kernel?.kill();
  }

  async #runNow(code: string, options: CellOptions): Promise<CellResult> {
    const kernel = await this.#ready(options.signal);
    const outputs = new CellOutputs(options.onOutput);
    let stopped: CellStop | undefined;
    let aborted: { readonly reason: unknown } | undefined;
    let giveUp: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      kernel.interrupt();
      giveUp ??= setTimeout(() => void kernel.kill(), interruptGraceMs);
    };
    const timer = setTimeout(() => {
      stopped ??= "timeout";
      interrupt();
    }, options.timeoutMs ?? defaultTimeoutMs);
    const undo = this.#lifetime.onStop(options.signal, (reason) => {
      aborted = { reason };
      interrupt();
    });
    const end = await kernel.run(code, (output) => {
      if (outputs.add(output)) return;
      stopped ??= "output_limit";
      interrupt();
    });
    clearTimeout(timer);
    clearTimeout(giveUp);
    undo();
    if (end === "died") {
      stopped ??= "kernel_died";
      await kernel.kill();
    }
    if (aborted !== undefined) throw aborted.reason;
    return { outputs: outputs.all, isError: end !== "done" || stopped !== undefined, ...(stopped && { stopped }) };
  }

  /** The kernel, begun anew when there is none that lives. */
  async #ready(signal: AbortSignal | undefined): Promise<CellKernel> {
    if (this.#kernel === undefined || this.#kernel.isDead) this.#kernel = this.#start();
    const kernel = this.#kernel;
    const timer = setTimeout(() => void kernel.kill(), startMs);
    try {
      await this.#unlessStopped(kernel.ready(), signal);
    } finally {
      clearTimeout(timer);
    }
    return kernel;
  }

  async #unlessStopped(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
    this.#lifetime.assertOpen({ signal });
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const undo = this.#lifetime.onStop(signal, reject);
    try {
      await Promise.race([work, stopped]);
    } finally {
      undo();
    }
  }
}
