import { Child } from "./child.ts";
import type {
  ClosedLoopFigures,
  ClosedLoopPlan,
  HoldPlan,
  LoadPlan,
  LoadReport,
  PacedFigures,
  PacedPlan,
} from "./load/plan.ts";

/** What to do when measuring begins and when it ends. */
export interface WindowMarks {
  readonly onOpened: () => Promise<void>;
  readonly onClosed: () => Promise<void>;
}

/** How long the load may go on without a word. */
const silenceMs = 300_000;

const nothing = async (): Promise<void> => undefined;

/** The process that plays the clients. Does one thing at a time. */
export class LoadGenerator implements AsyncDisposable {
  readonly #child: Child;

  constructor(options: { readonly signal: AbortSignal }) {
    this.#child = new Child(new URL("load/main.ts", import.meta.url), options);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async closedLoop(plan: Omit<ClosedLoopPlan, "kind">, marks?: WindowMarks): Promise<ClosedLoopFigures> {
    return (await this.#perform({ kind: "closed-loop", ...plan }, marks)) as ClosedLoopFigures; // What the plan is for.
  }

  async paced(plan: Omit<PacedPlan, "kind">, marks: WindowMarks): Promise<PacedFigures> {
    return (await this.#perform({ kind: "paced", ...plan }, marks)) as PacedFigures; // What the plan is for.
  }

  /** Keeps silent streams open while something is done. */
  async holding<T>(plan: Omit<HoldPlan, "kind">, use: () => Promise<T>): Promise<T> {
    await this.#perform({ kind: "hold", ...plan });
    const result = await use();
    await this.#perform({ kind: "release" });
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }

  async #perform(plan: LoadPlan, marks: WindowMarks = { onOpened: nothing, onClosed: nothing }): Promise<unknown> {
    this.#child.send(plan);
    for (;;) {
      const report = (await this.#child.receive(silenceMs)) as LoadReport; // The load generator says nothing else.
      switch (report.type) {
        case "opened":
          await marks.onOpened();
          break;
        case "closed":
          await marks.onClosed();
          break;
        case "done":
          return report.figures;
        case "failed":
          throw new Error(`The load failed: ${report.message}`);
      }
    }
  }
}
