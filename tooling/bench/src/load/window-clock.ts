import { setTimeout as sleep } from "node:timers/promises";
import type { LoadReport, Window } from "./plan.ts";

export interface Measured {
  readonly seconds: number;
  readonly busy: number;
}

/** Opens and closes the time in which things are counted, and measures what this process spent in it. */
export class WindowClock {
  readonly #report: (report: LoadReport) => void;
  #open = false;
  #over = false;

  constructor(report: (report: LoadReport) => void) {
    this.#report = report;
  }

  /** True while things count. */
  get open(): boolean {
    return this.#open;
  }

  /** True once it has closed. */
  get over(): boolean {
    return this.#over;
  }

  /** Waits out the warm-up, then opens for the length of the window. */
  async run({ warmUpMs, windowMs }: Window, options?: { readonly signal: AbortSignal }): Promise<Measured> {
    await sleep(warmUpMs, undefined, options);
    return this.during(async () => sleep(windowMs, undefined, options));
  }

  /** Stays open while the work goes on. */
  async during(work: () => Promise<unknown>): Promise<Measured> {
    const began = performance.now();
    const cpu = process.cpuUsage();
    this.#open = true;
    this.#report({ type: "opened" });
    await work();
    this.#open = false;
    this.#over = true;
    const { user, system } = process.cpuUsage(cpu);
    const seconds = (performance.now() - began) / 1000;
    this.#report({ type: "closed" });
    return { seconds, busy: (user + system) / 1e6 / seconds };
  }
}
