import type { Command, CommandResult } from "../exec.ts";
import type { CellKernel } from "./cell-kernel.ts";

/** What an interpreter is to run. */
export interface InterpretedCommand {
  /** A program and its arguments, or a command line. */
  readonly command: Command | string;
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  /** More ends it, with what there was until then where that is known. */
  readonly maxOutputBytes: number;
}

/** What a command has said, and why it was ended if it was. */
export type InterpretedResult = CommandResult;

/** Runs commands and cells without a process for each: a shell and a Python that are programs of their own. */
export interface Interpreter {
  /**
   * Runs a command to its end. `not_found` when there is no such program or directory. An abort kills it; it has settled only when
   * nothing of it runs.
   */
  run(command: InterpretedCommand, signal: AbortSignal): Promise<InterpretedResult>;
  /** Begins a Python with these variables of the environment. */
  startKernel(environment: Readonly<Record<string, string>>): CellKernel;
}
