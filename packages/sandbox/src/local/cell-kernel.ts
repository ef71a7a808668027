import type { CellOutput } from "../ipython.ts";

/** How a cell ended: by itself, or with its kernel. */
export type CellEnd = "done" | "failed" | "died";

/** A Python that keeps its variables. It runs one cell at a time, and starts by itself. */
export interface CellKernel {
  readonly isDead: boolean;
  /** Rejects with `unavailable` when it does not start. */
  ready(): Promise<void>;
  run(code: string, onOutput: (output: CellOutput) => void): Promise<CellEnd>;
  /** Asks the cell that runs to stop, as Ctrl+C does. */
  interrupt(): void;
  /** Resolves when it and all that it started are gone. */
  kill(): Promise<void>;
}
