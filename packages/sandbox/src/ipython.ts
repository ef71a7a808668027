import type { CallOptions } from "@agentscope-runtime/services";

export interface CellOptions extends CallOptions {
  /** After this many milliseconds the cell is interrupted, and a kernel that goes on all the same is restarted. Default 60,000. */
  readonly timeoutMs?: number;
  /** Told each output as it comes. */
  readonly onOutput?: (output: CellOutput) => void;
}

/** A value in several forms by media type, such as `text/plain` and `image/png`; bytes are base64. */
export type CellData = Readonly<Record<string, string>>;

/** What a cell says, in the order in which it came. */
export type CellOutput =
  | { readonly type: "stdout"; readonly text: string }
  | { readonly type: "stderr"; readonly text: string }
  /** What the cell displays, such as a plot. */
  | { readonly type: "display"; readonly data: CellData }
  /** The value of its last expression. */
  | { readonly type: "result"; readonly data: CellData }
  /** The exception that ended it. The traceback has no colors. */
  | { readonly type: "error"; readonly name: string; readonly message: string; readonly traceback: string };

/** Why a cell did not end by itself. `kernel_died`: its variables are gone, and the next cell begins with a new kernel. */
export type CellStop = "timeout" | "output_limit" | "kernel_died";

export interface CellResult {
  readonly outputs: readonly CellOutput[];
  /** The cell raised an exception or was stopped. A warning on stderr is none. */
  readonly isError: boolean;
  readonly stopped?: CellStop;
}
