import type { CellOutput } from "./ipython.ts";

/** What a cell may say, texts and images together, as characters. */
const maxOutput = 16 * 1024 * 1024;

/** What a cell has said so far. Texts of one stream that follow each other are one output. */
export class CellOutputs {
  readonly #all: CellOutput[] = [];
  readonly #tell: ((output: CellOutput) => void) | undefined;
  #size = 0;

  constructor(tell: ((output: CellOutput) => void) | undefined) {
    this.#tell = tell;
  }

  get all(): readonly CellOutput[] {
    return this.#all;
  }

  /** False, and the output is dropped, when it is more than a cell may say. */
  add(output: CellOutput): boolean {
    const size = sizeOf(output);
    // Why a cell ended is always said.
    if (this.#size + size > maxOutput && output.type !== "error") return false;
    this.#size += size;
    const last = this.#all.at(-1);
    if (last !== undefined && "text" in last && "text" in output && last.type === output.type) {
      this.#all[this.#all.length - 1] = { type: last.type, text: last.text + output.text };
    } else {
      this.#all.push(output);
    }
    this.#tell?.(output);
    return true;
  }
}

function sizeOf(output: CellOutput): number {
  if ("text" in output) return output.text.length;
  if ("data" in output) return Object.values(output.data).reduce((size, form) => size + form.length, 0);
  return output.message.length + output.traceback.length;
}
